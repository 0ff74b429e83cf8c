//! What drivers take as `config`, seen with Nomad's own conversion and in what each driver does when a task starts.

use platy_manage::diagnostic::Source;
use platy_manage::jobspec::{self, Job, Variables};
use platy_manage::validate;
use serde_json::{Value, json};

/// The errors in a task's config, each with its code and its path below `config`.
fn found(driver: &str, config: Value) -> Vec<String> {
    found_in(json!({ "Name": "web", "Driver": driver, "Config": config }))
}

fn found_in(task: Value) -> Vec<String> {
    let group = json!({
        "Name": "front", "Tasks": [task],
        "Networks": [{ "DynamicPorts": [{ "Label": "http" }] }],
    });
    let job = json!({ "ID": "shop", "TaskGroups": [group] });
    let job = Job::from_json(&Source::new("job.json", job.to_string())).unwrap();
    let errors = validate::jobspec(&job).errors;
    let at = "group.front.task.web.";
    let short = |path: &str| path.strip_prefix(at).unwrap_or(path).to_owned();
    errors.iter().map(|f| format!("{} {}", f.diagnostic.code.id, short(&f.path))).collect()
}

/// A config with what the driver needs and one key more.
fn with(driver: &str, key: &str, value: Value) -> Vec<String> {
    let mut config = json!({ "image": "x" });
    config[key] = value;
    found(driver, config)
}

#[test]
fn numbers_of_a_driver_are_whole() {
    for number in [json!(10), json!("10"), json!(10.0), json!("1e3"), json!(-1), json!("${NOMAD_META_N}")] {
        assert_eq!(with("docker", "pids_limit", number.clone()), [""; 0], "{number}");
    }
    for number in [json!(1.5), json!("1.5"), json!(1e30), json!("99999999999999999999"), json!("ten")] {
        assert_eq!(with("docker", "pids_limit", number.clone()), ["P0772 config.pids_limit"], "{number}");
    }
    assert_eq!(with("docker", "container_exists_attempts", json!(0)), [""; 0]);
    assert_eq!(
        with("docker", "container_exists_attempts", json!(-1)),
        ["P0772 config.container_exists_attempts"]
    );
    assert_eq!(with("podman", "cpu_cfs_period", json!("-1")), ["P0772 config.cpu_cfs_period"]);
    assert_eq!(with("docker", "port_map", json!([{ "http": 80 }])), [""; 0]);
    assert_eq!(with("docker", "port_map", json!([{ "http": 80.5 }])), ["P0772 config.port_map[0]"]);
}

#[test]
fn the_options_of_a_storage_driver_are_not_null() {
    assert_eq!(with("docker", "storage_opt", json!([{ "size": "1G" }])), [""; 0]);
    assert_eq!(with("docker", "storage_opt", json!([null])), ["P0772 config.storage_opt[0]"]);
}

#[test]
fn devices_of_docker_have_a_path_and_known_permissions() {
    let devices = |device: Value| with("docker", "devices", json!([device]));
    assert_eq!(devices(json!({ "host_path": "/dev/fuse", "cgroup_permissions": "rw" })), [""; 0]);
    assert_eq!(devices(json!({ "container_path": "/dev/x" })), ["P0774 config.devices[0]"]);
    assert_eq!(
        devices(json!({ "host_path": "/dev/x", "cgroup_permissions": "rwx" })),
        ["P0774 config.devices[0].cgroup_permissions"]
    );
}

#[test]
fn addresses_of_a_docker_container_can_be_read() {
    for (key, good, bad) in [
        ("ipv4_address", "10.0.0.2", "10.0.0"),
        ("ipv6_address", "fd00::2", "fd00:::2"),
        ("mac_address", "02:42:ac:11:00:02", "02:42"),
    ] {
        assert_eq!(with("docker", key, good.into()), [""; 0], "{key}");
        assert_eq!(with("docker", key, "${NOMAD_META_A}".into()), [""; 0], "{key}");
        assert_eq!(with("docker", key, bad.into()), [format!("P0774 config.{key}")]);
    }
}

#[test]
fn volumes_say_where_they_are_mounted() {
    for driver in ["docker", "podman"] {
        assert_eq!(with(driver, "volumes", json!(["local:/data:ro", "${NOMAD_META_V}"])), [""; 0]);
        assert_eq!(with(driver, "volumes", json!(["a:/a", "/data"])), ["P0774 config.volumes[1]"]);
    }
}

#[test]
fn security_options_have_a_value() {
    for driver in ["docker", "podman"] {
        let good = json!(["no-new-privileges", "label=disable", "apparmor:unconfined"]);
        assert_eq!(with(driver, "security_opt", good), [""; 0], "{driver}");
        assert_eq!(with(driver, "security_opt", json!(["label"])), ["P0774 config.security_opt[0]"]);
    }
    // Docker's own daemon reads the names.
    assert_eq!(with("docker", "security_opt", json!(["secomp=x"])), [""; 0]);
    assert_eq!(with("podman", "security_opt", json!(["secomp=x"])), ["P0774 config.security_opt[0]"]);
}

#[test]
fn podman_reads_sizes_hosts_limits_and_modes() {
    let wrong = |key: &str, good: Value, bad: Value, at: &str| {
        assert_eq!(with("podman", key, good), [""; 0], "{key}");
        assert_eq!(with("podman", key, bad), [format!("P0774 config.{at}")], "{key}");
    };
    wrong("memory_reservation", json!("100m"), json!("100"), "memory_reservation");
    wrong("shm_size", json!("1g"), json!("1gb"), "shm_size");
    wrong("extra_hosts", json!(["db:10.0.0.2"]), json!(["db:"]), "extra_hosts[0]");
    wrong("ulimit", json!([{ "nofile": "10:20" }]), json!([{ "nofile": "many" }]), "ulimit[0].nofile");
    wrong("ipc_mode", json!("task:db"), json!("shared"), "ipc_mode");
    wrong("logging", json!({ "driver": "journald" }), json!({ "driver": "json-file" }), "logging.driver");
    let both = json!({ "image": "x", "ipc_mode": "host", "shm_size": "1g" });
    assert_eq!(found("podman", both), ["P0774 config.shm_size"]);
}

#[test]
fn a_machine_of_qemu_has_at_least_128_mb() {
    let memory = |mb: i64| {
        found_in(json!({
            "Name": "web", "Driver": "qemu", "Config": { "image_path": "local/vm.img" },
            "Resources": { "MemoryMB": mb },
        }))
    };
    assert_eq!(memory(128), [""; 0]);
    assert_eq!(memory(127), ["P0774 resources.memory"]);
    assert_eq!(memory(4_000_001), ["P0774 resources.memory"]);
}

/// What HCL makes of `$${x:-y}` is a template for the driver.
#[test]
fn texts_of_a_config_are_templates_once_more() {
    for good in ["${NOMAD_PORT_http}", "$${x:-y}", "%%{http_code}", "${upper(\"x\")}", "100%", "$x"] {
        assert_eq!(with("docker", "args", json!(["a", good])), [""; 0], "{good}");
    }
    for bad in ["${x:-y}", "%{http_code}", "${x"] {
        assert_eq!(with("docker", "args", json!(["a", bad])), ["P0775 config.args[1]"], "{bad}");
        assert_eq!(with("docker", "labels", json!([{ "a": bad }])), ["P0775 config.labels[0].a"], "{bad}");
    }
    let text = "job \"a\" {\n  group \"g\" {\n    task \"t\" {\n      driver = \"exec\"\n      config {\n        command = \"sh\"\n        args = [\"$${x:-y}\"]\n      }\n    }\n  }\n}\n";
    let job = jobspec::parse(&Source::new("a.hcl", text), &Variables::default()).unwrap();
    let errors = validate::jobspec(&job).errors;
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].diagnostic.code.id, "P0775");
    let hint = "for a plain `${` the driver must get `$${`, in HCL written as `$$${`";
    assert_eq!(errors[0].diagnostic.hints, [hint]);
    let mended = text.replace("$${", "$$${");
    let job = jobspec::parse(&Source::new("a.hcl", mended), &Variables::default()).unwrap();
    assert!(validate::jobspec(&job).is_accepted());
}
