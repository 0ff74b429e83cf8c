//! What the service mesh of Consul adds to a group: the proxy's task and port.
//!
//! Rules: job_endpoint_hook_connect.go of Nomad's server.

use indexmap::IndexMap;

use super::super::blocks::{BIND_ADDRESS, GATEWAY_PROXY, LIFECYCLE, LOGS, PORT, RESOURCES, TASK};
use super::super::tree::{Node, Object, Value};
use super::implied::{constraint, consul_version, partitions};
use super::{blocks_in, derive, fill, push, text};

/// Adds what each group's services need.
pub fn connect(root: &mut Object) {
    let job = Environment::of(root);
    for group in root.blocks_mut("TaskGroups") {
        partitions(group);
        // Without a network the job is refused later, with a better message.
        if group.blocks("Networks").next().is_none() {
            continue;
        }
        let environment = job.for_group(group);
        let services = group.blocks("Services").count();
        for i in 0..services {
            let Some(mut service) = take_service(group, i) else { continue };
            connect_service(group, &mut service, &environment);
            put_service(group, i, service);
        }
        group.blocks_mut("Networks").take(1).for_each(fill);
    }
}

/// What can be put into the name of a service when the job is registered.
#[derive(Clone)]
struct Environment(IndexMap<String, String>);

impl Environment {
    fn of(root: &Object) -> Self {
        let mut values = IndexMap::new();
        // The server asks as for an allocation without a name, whose namespace is not yet known.
        values.insert("NOMAD_ALLOC_INDEX".to_owned(), "0".to_owned());
        let fields = [("NOMAD_JOB_NAME", "Name"), ("NOMAD_JOB_ID", "ID"), ("NOMAD_REGION", "Region")];
        for (key, json) in fields {
            let value = root.str(json);
            if !value.is_empty() {
                values.insert(key.to_owned(), value.to_owned());
            }
        }
        let mut environment = Self(values);
        environment.meta(root);
        environment
    }

    fn for_group(&self, group: &Object) -> Self {
        let mut environment = self.clone();
        environment.0.insert("NOMAD_GROUP_NAME".to_owned(), text(group, "Name"));
        environment.meta(group);
        environment
    }

    fn meta(&mut self, object: &Object) {
        for (key, node) in object.map("Meta").into_iter().flatten() {
            let value = node.as_str().unwrap_or_default().to_owned();
            self.0.insert(format!("NOMAD_META_{}", key.to_uppercase()), value.clone());
            self.0.insert(format!("NOMAD_META_{key}"), value);
        }
    }

    fn interpolate(&self, text: &str) -> String {
        derive::interpolate(text, |key| self.0.get(key).cloned())
    }
}

/// Takes the service out of its group, so that both can be changed.
fn take_service(group: &mut Object, i: usize) -> Option<Object> {
    match &mut group.get_mut("Services")?.value {
        Value::List(list) => match std::mem::take(&mut list.get_mut(i)?.value) {
            Value::Object(service) => Some(*service),
            _ => None,
        },
        _ => None,
    }
}

fn put_service(group: &mut Object, i: usize, service: Object) {
    if let Some(Node { value: Value::List(list), .. }) = group.get_mut("Services")
        && let Some(node) = list.get_mut(i)
    {
        node.value = service.into();
    }
}

fn connect_service(group: &mut Object, service: &mut Object, environment: &Environment) {
    let Some(connect) = service.block("Connect") else { return };
    if connect.block("SidecarService").is_some() {
        let name = environment.interpolate(service.str("Name"));
        rename(service, &name);
        sidecar(group, service, &name);
    } else if connect.bool("Native") == Some(true) {
        native(group, service);
    } else if connect.block("Gateway").is_some() {
        let name = environment.interpolate(service.str("Name"));
        rename(service, &name);
        gateway(group, service, &name);
    }
}

fn rename(service: &mut Object, name: &str) {
    if let Some(node) = service.get_mut("Name") {
        node.value = name.into();
    }
}

/// The proxy beside the tasks, and its port.
fn sidecar(group: &mut Object, service: &Object, name: &str) {
    let kind = format!("connect-proxy:{name}");
    let custom = service.block("Connect").and_then(|connect| connect.block("SidecarTask"));
    if let Some(task) = task_of_kind(group, &kind) {
        if let Some(custom) = custom {
            customize(task, custom);
        }
    } else {
        let mut task = proxy_task(
            &format!("connect-proxy-{name}"),
            &kind,
            driver(group),
            "${meta.connect.sidecar_image}",
        );
        let mut lifecycle = Object::new(&LIFECYCLE);
        lifecycle.set("Hook", "prestart".into());
        lifecycle.set("Sidecar", Value::Bool(true));
        task.set("Lifecycle", lifecycle.into());
        add_task(group, task, custom);
    }
    let sidecar = service.block("Connect").and_then(|connect| connect.block("SidecarService"));
    let label = sidecar.map(|sidecar| text(sidecar, "Port")).filter(|label| !label.is_empty());
    inject_port(group, &label.unwrap_or_else(|| format!("connect-proxy-{name}")));
}

/// The task that speaks the mesh's protocol itself.
fn native(group: &mut Object, service: &mut Object) {
    let wanted = text(service, "TaskName");
    let alone = group.blocks("Tasks").count() == 1;
    let kind = format!("connect-native:{}", service.str("Name"));
    let found =
        group.blocks_mut("Tasks").find(|task| task.str("Name") == wanted || (wanted.is_empty() && alone));
    if let Some(task) = found {
        task.set("Kind", Value::Str(kind));
        let name = text(task, "Name");
        for check in service.blocks_mut("Checks").filter(|check| !check.is_set("TaskName")) {
            check.set("TaskName", name.as_str().into());
        }
        service.set("TaskName", Value::Str(name));
    }
}

/// A gateway: its proxy's addresses, its port, its task.
fn gateway(group: &mut Object, service: &mut Object, name: &str) {
    let mode = group.blocks("Networks").next().map(|network| text(network, "Mode")).unwrap_or_default();
    let Some(gateway) = service.block_mut("Connect").and_then(|connect| connect.block_mut("Gateway")) else {
        return;
    };
    gateway_proxy(gateway, &mode);
    let [ingress, terminating, mesh] =
        ["Ingress", "Terminating", "Mesh"].map(|json| gateway.block(json).is_some());
    let custom_tls = gateway.block("Ingress").and_then(|ingress| ingress.block("TLS")).is_some_and(|tls| {
        tls.is_set("TLSMinVersion")
            || tls.is_set("TLSMaxVersion")
            || tls.strings("CipherSuites").next().is_some()
    });
    let prefix = match (mesh, ingress) {
        (true, _) => "connect-mesh",
        (_, true) => "connect-ingress",
        _ => "connect-terminating",
    };
    if terminating && service.str("PortLabel").is_empty() {
        let label = format!("connect-terminating-{name}");
        inject_port(group, &label);
        service.set("PortLabel", Value::Str(label));
    }
    if mesh {
        inject_port(group, &format!("connect-mesh-{name}-lan"));
    }
    let kinds = ["ingress", "terminating", "mesh"].map(|kind| format!("connect-{kind}:{name}"));
    if group.blocks("Tasks").any(|task| kinds.iter().any(|kind| task.str("Kind") == kind)) {
        return;
    }
    let kind = format!("{prefix}:{name}");
    let mut task =
        proxy_task(&format!("{prefix}-{name}"), &kind, driver(group), "${meta.connect.gateway_image}");
    if mode == "host"
        && let Some(Node { value: Value::Map(config), .. }) = task.get_mut("Config")
    {
        config.insert("network_mode".to_owned(), Value::from("host").into());
    }
    if custom_tls {
        push(&mut task, "Constraints", constraint(&consul_version("default"), ">= 1.11.2", "semver"));
    }
    let custom = service.block("Connect").and_then(|connect| connect.block("SidecarTask"));
    add_task(group, task, custom);
}

/// In a network of its own a gateway listens on all addresses, unless its author says otherwise.
fn gateway_proxy(gateway: &mut Object, mode: &str) {
    if gateway.block("Proxy").is_none() {
        let mut proxy = Object::new(&GATEWAY_PROXY);
        fill(&mut proxy);
        gateway.set("Proxy", proxy.into());
    }
    let custom = gateway.block("Proxy").is_some_and(|proxy| {
        proxy.is_set("EnvoyGatewayNoDefaultBind")
            || proxy.is_set("EnvoyGatewayBindTaggedAddresses")
            || !proxy.get("EnvoyGatewayBindAddresses").value.is_empty()
    });
    if custom || !(mode == "bridge" || mode.starts_with("cni/")) {
        return;
    }
    let mut addresses = IndexMap::new();
    let mut add = |name: &str, port: i64| {
        let mut address = Object::new(&BIND_ADDRESS);
        address.set("Address", "0.0.0.0".into());
        address.set("Port", Value::Int(port));
        addresses.insert(name.to_owned(), Value::from(address).into());
    };
    if let Some(ingress) = gateway.block("Ingress") {
        for listener in ingress.blocks("Listeners") {
            let port = listener.int("Port").unwrap_or_default();
            listener.blocks("Services").for_each(|service| add(service.str("Name"), port));
        }
    } else if gateway.block("Terminating").is_some() {
        add("default", -1);
    } else if gateway.block("Mesh").is_some() {
        add("lan", -1);
        add("wan", -1);
    } else {
        return;
    }
    if let Some(proxy) = gateway.block_mut("Proxy") {
        proxy.set("EnvoyGatewayNoDefaultBind", Value::Bool(true));
        proxy.set("EnvoyGatewayBindTaggedAddresses", Value::Bool(false));
        let addresses = if addresses.is_empty() { Value::Null } else { Value::Map(addresses) };
        proxy.set("EnvoyGatewayBindAddresses", addresses);
    }
}

fn task_of_kind<'a>(group: &'a mut Object, kind: &str) -> Option<&'a mut Object> {
    group.blocks_mut("Tasks").find(|task| task.str("Kind") == kind)
}

/// Podman where the group uses it and not Docker.
fn driver(group: &Object) -> &'static str {
    let uses = |driver: &str| group.blocks("Tasks").any(|task| task.str("Driver") == driver);
    if uses("podman") && !uses("docker") { "podman" } else { "docker" }
}

/// The task of a proxy, as Nomad makes it.
fn proxy_task(name: &str, kind: &str, driver: &str, image: &str) -> Object {
    let mut task = Object::new(&TASK);
    task.set("Name", name.into());
    task.set("Kind", kind.into());
    task.set("Driver", driver.into());
    let args = [
        "-c",
        "${NOMAD_SECRETS_DIR}/envoy_bootstrap.json",
        "-l",
        "${meta.connect.log_level}",
        "--concurrency",
        "${meta.connect.proxy_concurrency}",
        "--disable-hot-restart",
    ];
    let args = args.into_iter().map(|arg| Value::from(arg).into()).collect();
    let config = IndexMap::from([
        ("args".to_owned(), Value::List(args).into()),
        ("image".to_owned(), Value::from(image).into()),
    ]);
    task.set("Config", Value::Map(config));
    task.set("ShutdownDelay", Value::Int(5_000_000_000));
    let mut logs = Object::new(&LOGS);
    logs.set("MaxFiles", Value::Int(2));
    logs.set("MaxFileSizeMB", Value::Int(2));
    task.set("LogConfig", logs.into());
    let mut resources = Object::new(&RESOURCES);
    resources.set("CPU", Value::Int(250));
    resources.set("MemoryMB", Value::Int(128));
    task.set("Resources", resources.into());
    push(&mut task, "Constraints", constraint(&consul_version("default"), ">= 1.8.0", "semver"));
    push(&mut task, "Constraints", constraint("${attr.consul.grpc}", "0", ">"));
    task
}

/// Adds a proxy's task to the group, changed as its author wants it.
fn add_task(group: &mut Object, mut task: Object, custom: Option<&Object>) {
    if let Some(custom) = custom {
        customize(&mut task, custom);
    }
    fill(&mut task);
    derive::derive_identity(&mut task);
    if let Some(restart) = group.block("RestartPolicy").cloned() {
        task.set("RestartPolicy", restart.into());
    }
    push(group, "Tasks", task);
}

/// What `sidecar_task` says goes over what Nomad makes.
fn customize(task: &mut Object, custom: &Object) {
    let driver = custom.str("Driver");
    if !driver.is_empty() && driver != task.str("Driver") {
        task.set("Config", custom.get("Config").value.clone());
    } else {
        merge_map(task, custom, "Config");
    }
    for json in ["Name", "Driver", "User", "KillTimeout", "ShutdownDelay", "KillSignal"] {
        if custom.is_set(json) {
            task.set(json, custom.get(json).value.clone());
        }
    }
    for json in ["VolumeMounts", "Identities"] {
        if !custom.get(json).value.is_empty() {
            task.set(json, custom.get(json).value.clone());
        }
    }
    for json in ["Env", "Meta"] {
        merge_map(task, custom, json);
    }
    for json in ["Resources", "LogConfig"] {
        merge_numbers(task, custom, json);
    }
}

fn merge_map(task: &mut Object, custom: &Object, json: &str) {
    let Some(new) = custom.map(json) else { return };
    match task.get_mut(json).map(|node| &mut node.value) {
        Some(Value::Map(map)) => map.extend(new.clone()),
        Some(value) => *value = Value::Map(new.clone()),
        None => {}
    }
}

/// Takes over what is not zero; sizes that are not said stay as they are.
fn merge_numbers(task: &mut Object, custom: &Object, json: &str) {
    let (Some(new), Some(object)) = (custom.block(json), task.block_mut(json)) else { return };
    for (field, (node, new)) in new.ty.fields.iter().zip(object.fields.iter_mut().zip(&new.fields)) {
        let merged = !matches!(field.json, "NUMA" | "IOPS" | "Disabled" | "Enabled");
        // Nomad passes over negative sizes of logs, and takes those of resources.
        let negative = json == "LogConfig" && new.as_int().is_some_and(|size| size < 0);
        if merged && !negative && !new.value.is_zero() && !new.value.is_empty() {
            *node = new.clone();
        }
    }
}

/// A port of the group that has the same number inside and outside, unless it is there.
fn inject_port(group: &mut Object, label: &str) {
    let Some(network) = group.get_mut("Networks").and_then(|node| blocks_in(&mut node.value).next()) else {
        return;
    };
    if network.blocks("DynamicPorts").any(|port| port.str("Label") == label) {
        return;
    }
    let mut port = Object::new(&PORT);
    port.set("Label", label.into());
    port.set("To", Value::Int(-1));
    push(network, "DynamicPorts", port);
}
