//! What a differential run against a real server brought to light, each seen on it.

use platy_manage::diagnostic::Source;
use platy_manage::diff::nomad::{self, Kind};
use platy_manage::jobspec::Job;
use platy_manage::validate;
use serde_json::{Value, json};

/// A job with one task, which has these fields too.
fn with(fields: &Value) -> Job {
    let mut task = json!({ "Name": "web", "Driver": "raw_exec", "Config": { "command": "/bin/true" } });
    for (name, value) in fields.as_object().into_iter().flatten() {
        task[name] = value.clone();
    }
    let job = json!({ "ID": "shop", "TaskGroups": [{ "Name": "front", "Tasks": [task] }] });
    Job::from_json(&Source::new("job.json", job.to_string())).expect("a job")
}

fn cpu(resources: &Value) -> Value {
    let job = with(&json!({ "Resources": resources })).with_defaults().to_value();
    job["TaskGroups"][0]["Tasks"][0]["Resources"]["CPU"].clone()
}

#[test]
fn cores_written_as_null_leave_cpu_its_default() {
    assert_eq!(cpu(&json!({ "Cores": null })), 100);
    assert_eq!(cpu(&json!({ "Cores": null, "CPU": null })), 100);
    assert_eq!(cpu(&json!({ "Cores": 2 })), 0);
    assert_eq!(cpu(&json!({ "Cores": 0 })), 0);
}

#[test]
fn an_empty_lifecycle_is_refused() {
    for lifecycle in [json!({}), json!({ "Hook": "", "Sidecar": false })] {
        let verdict = validate::jobspec(&with(&json!({ "Lifecycle": lifecycle })));
        let codes: Vec<_> = verdict.errors.iter().map(|finding| finding.diagnostic.code.id).collect();
        assert_eq!(codes, ["P0683"], "{lifecycle}");
    }
}

#[test]
fn a_tasks_scaling_policy_is_edited_only_where_it_differs() {
    let policy = |max: u32| {
        with(&json!({ "ScalingPolicies": [{ "Type": "vertical_cpu", "Max": max, "Policy": { "a": 1 } }] }))
    };
    let kind = |from: &Job, to: &Job| nomad::diff(Some(from), Some(to)).kind;
    assert!(kind(&policy(500), &policy(500)) == Kind::None);
    assert!(kind(&policy(500), &policy(600)) == Kind::Edited);
}

#[test]
fn the_config_of_a_proxys_task_is_checked() {
    let found = |sidecar: Value| -> Vec<String> {
        let job = json!({ "ID": "shop", "TaskGroups": [{
            "Name": "front",
            "Networks": [{ "Mode": "bridge" }],
            "Services": [{ "Name": "api", "PortLabel": "80", "Connect": { "SidecarService": {}, "SidecarTask": sidecar } }],
            "Tasks": [{ "Name": "web", "Driver": "raw_exec", "Config": { "command": "/bin/true" } }],
        }] });
        let verdict = validate::jobspec(&Job::from_json(&Source::new("job.json", job.to_string())).unwrap());
        let findings = verdict.errors.iter().chain(&verdict.warnings);
        findings.map(|finding| format!("{} {}", finding.diagnostic.code.id, finding.path)).collect()
    };
    let at = "group.front.service[0].connect.sidecar_task";
    assert_eq!(found(json!({ "Config": { "privileged": true } })), [""; 0]);
    assert_eq!(found(json!({ "Config": { "imagee": "x" } })), [format!("P0771 {at}.config.imagee")]);
    assert_eq!(found(json!({ "Config": { "args": { "a": 1 } } })), [format!("P0772 {at}.config.args")]);
    assert_eq!(found(json!({ "Driver": "dokcer" })), [format!("P0770 {at}.driver")]);
}

/// The codes of what a server would refuse and warn of in a job, or why it cannot be read.
fn codes(job: &Value) -> Vec<&'static str> {
    match Job::from_json(&Source::new("job.json", job.to_string())) {
        Ok(job) => {
            let verdict = validate::jobspec(&job);
            let findings = verdict.errors.iter().chain(&verdict.warnings);
            findings.map(|finding| finding.diagnostic.code.id).collect()
        }
        Err(errors) => errors.iter().map(|error| error.code.id).collect(),
    }
}

/// A job of one group with these fields, and one task with those.
fn group(fields: &Value, task: &Value) -> Value {
    let mut job = json!({ "ID": "shop", "TaskGroups": [{ "Name": "front", "Tasks": [
        { "Name": "web", "Driver": "raw_exec", "Config": { "command": "/bin/true" } },
    ] }] });
    let group = &mut job["TaskGroups"][0];
    for (name, value) in task.as_object().into_iter().flatten() {
        group["Tasks"][0][name] = value.clone();
    }
    for (name, value) in fields.as_object().into_iter().flatten() {
        group[name] = value.clone();
    }
    job
}

#[test]
fn a_null_among_blocks_is_what_the_server_makes_of_it() {
    let service = |checks: Value| {
        group(
            &json!({ "ShutdownDelay": 1, "Services": [{ "Name": "api", "PortLabel": "http", "Checks": checks }] }),
            &json!({}),
        )
    };
    assert_eq!(codes(&service(json!([]))), [""; 0]);
    assert_eq!(codes(&service(json!([null]))), codes(&service(json!([{}]))));
    assert_eq!(codes(&service(json!([null]))), ["P0650"]);
    let ports = |ports: Value| group(&json!({ "Networks": [{ "ReservedPorts": ports }] }), &json!({}));
    assert_eq!(codes(&ports(json!([null, null]))), codes(&ports(json!([{}, {}]))));
    assert_eq!(codes(&group(&json!({ "Volumes": { "data": null } }), &json!({}))), [""; 0]);
    assert_eq!(codes(&group(&json!({}), &json!({ "Identities": [null] }))), [""; 0]);
    assert_eq!(codes(&group(&json!({ "Constraints": [null] }), &json!({}))), ["P0750"]);
    assert_eq!(codes(&group(&json!({ "Tasks": [null] }), &json!({}))), ["P0750"]);
}

#[test]
fn a_second_default_identity_is_refused_under_either_name() {
    let task = |identities: Value| codes(&group(&json!({}), &json!({ "Identities": identities })));
    assert_eq!(task(json!([{ "Name": "default", "Env": true }])), task(json!([{ "Env": true }])));
    assert!(!task(json!([{ "Env": true }])).contains(&"P0727"));
    for names in [["default", "default"], ["", "default"], ["", ""]] {
        let found = task(json!([{ "Name": names[0], "File": true }, { "Name": names[1], "File": true }]));
        assert_eq!(found, ["P0727"], "{names:?}");
    }
}

#[test]
fn only_positive_numbers_of_a_sidecars_logs_count() {
    let logs = |logs: Value| {
        codes(&group(
            &json!({ "Networks": [{ "Mode": "bridge" }], "Services": [{ "Name": "api", "PortLabel": "80",
                "Connect": { "SidecarService": {}, "SidecarTask": { "LogConfig": logs } } }] }),
            &json!({}),
        ))
    };
    assert_eq!(logs(json!({ "MaxFiles": -1 })), logs(json!({ "MaxFiles": 3 })));
    assert!(logs(json!({ "MaxFiles": 1000 })).contains(&"P0702"));
}

#[test]
fn the_namespace_is_not_known_in_the_name_of_a_meshed_service() {
    let name = |name: &str| {
        codes(&group(
            &json!({ "Networks": [{ "Mode": "bridge" }], "Services": [{ "Name": name, "PortLabel": "80",
                "Connect": { "SidecarService": {} } }] }),
            &json!({}),
        ))
    };
    assert!(name("${NOMAD_NAMESPACE}-api").contains(&"P0671"));
    assert!(!name("${NOMAD_JOB_NAME}-api").contains(&"P0671"));
    assert!(!name("api-${NOMAD_ALLOC_INDEX}").contains(&"P0671"));
}

#[test]
fn counts_are_added_as_the_server_adds_them() {
    let counts = |first: i64, second: i64| {
        let mut job = group(&json!({ "Count": first }), &json!({}));
        let mut other = job["TaskGroups"][0].clone();
        other["Name"] = json!("back");
        other["Count"] = json!(second);
        job["TaskGroups"].as_array_mut().unwrap().push(other);
        codes(&job)
    };
    assert_eq!(counts(i64::MAX, 1), [""; 0]);
    assert_eq!(counts(40_000, 20_000), ["P0743"]);
}

#[test]
fn a_check_that_has_no_thresholds_is_refused_once() {
    let check = json!({ "Name": "ping", "Type": "script", "Command": "/bin/true", "TaskName": "web",
        "Interval": 10_000_000_000u64, "Timeout": 2_000_000_000, "SuccessBeforePassing": 1, "FailuresBeforeCritical": 2,
        "FailuresBeforeWarning": 2 });
    let job =
        group(&json!({ "ShutdownDelay": 1, "Services": [{ "Name": "api", "Checks": [check] }] }), &json!({}));
    assert_eq!(codes(&job), ["P0662"]);
}

#[test]
fn what_a_job_says_of_being_dispatched_is_not_read() {
    let mut job = group(&json!({}), &json!({}));
    job["ParameterizedJob"] = json!({ "Payload": "maybe" });
    let found = codes(&job);
    assert!(!found.is_empty());
    job["Dispatched"] = json!(true);
    assert_eq!(codes(&job), found);
}

#[test]
fn namespaces_of_vault_and_consul_are_named_as_not_checked() {
    let job = group(
        &json!({ "Consul": { "Namespace": "shops" } }),
        &json!({ "Vault": { "Role": "web", "Namespace": "teams/shop" } }),
    );
    let verdict = validate::jobspec(&Job::from_json(&Source::new("job.json", job.to_string())).unwrap());
    let notes: Vec<_> =
        verdict.not_checked.iter().map(|note| (note.diagnostic.code.id, note.path.as_str())).collect();
    assert!(notes.contains(&("P0744", "group.front.task.web.vault.namespace")), "{notes:?}");
    assert!(notes.contains(&("P0745", "group.front.consul.namespace")), "{notes:?}");
}

#[test]
fn podmans_newer_keys_are_known() {
    let config = json!({ "image": "x", "static_ips": ["10.88.0.7"], "static_mac": "02:42:ac:11:00:02", "arch": "arm64",
        "os": "linux", "variant": "v8", "ipc_mode": "host", "oom_score_adj": 100, "ipv4_address": "10.88.0.7", "ipv6_address": "::1" });
    assert_eq!(codes(&group(&json!({}), &json!({ "Driver": "podman", "Config": config }))), [""; 0]);
}

#[test]
fn what_only_a_dispatch_sets_is_not_taken_from_a_submitted_job() {
    let job = with(&json!({}));
    let mut dispatched = job.clone();
    dispatched.root.set("Dispatched", platy_manage::jobspec::tree::Value::Bool(true));
    dispatched.root.set("DispatchIdempotencyToken", "once".into());
    assert!(dispatched.with_defaults() == job.with_defaults());
}

/// A job with a proxy in the mesh that is set up like this.
fn with_proxy(proxy: &Value) -> Job {
    let job = json!({ "ID": "shop", "TaskGroups": [{
        "Name": "front",
        "Networks": [{ "Mode": "bridge" }],
        "Services": [{ "Name": "api", "PortLabel": "80", "Connect": { "SidecarService": { "Proxy": proxy } } }],
        "Tasks": [{ "Name": "web", "Driver": "raw_exec", "Config": { "command": "/bin/true" } }],
    }] });
    Job::from_json(&Source::new("job.json", job.to_string())).unwrap()
}

/// The server writes `""` where a submitted upstream says nothing; both are one upstream.
#[test]
fn an_upstream_is_known_by_its_name_however_much_is_written() {
    let stored = with_proxy(
        &json!({ "Upstreams": [{ "DestinationName": "db", "Datacenter": "", "LocalBindPort": 1 }] }),
    );
    let submitted = with_proxy(&json!({ "Upstreams": [{ "DestinationName": "db", "LocalBindPort": 2 }] }));
    let diff = serde_json::to_value(nomad::diff(Some(&stored), Some(&submitted))).unwrap();
    let connect = &diff["TaskGroups"][0]["Objects"][0]["Objects"][0];
    let objects = connect["Objects"][0]["Objects"][0]["Objects"].as_array().unwrap();
    let upstreams: Vec<_> = objects.iter().filter(|object| object["Name"] == "ConsulUpstreams").collect();
    assert_eq!(upstreams.len(), 1, "{diff:#}");
    assert_eq!(upstreams[0]["Type"], "Edited");
}

#[test]
fn a_block_of_exposed_paths_comes_when_its_first_path_does() {
    let path = json!([{ "Path": "/health", "Protocol": "http", "LocalPathPort": 80, "ListenerPort": "x" }]);
    let (none, one) =
        (with_proxy(&json!({ "Expose": {} })), with_proxy(&json!({ "Expose": { "Paths": path } })));
    let kind = |from: &Job, to: &Job| {
        let diff = serde_json::to_value(nomad::diff(Some(from), Some(to))).unwrap();
        let proxy = &diff["TaskGroups"][0]["Objects"][0]["Objects"][0]["Objects"][0]["Objects"][0];
        proxy["Objects"][0]["Type"].clone()
    };
    assert_eq!((kind(&none, &one), kind(&one, &none)), (json!("Added"), json!("Deleted")));
}

#[test]
fn what_the_server_decides_is_not_taken_from_a_job() {
    let scaling = json!({ "ID": "mine", "Namespace": "mine", "Max": 5 });
    let job = json!({ "ID": "shop", "TaskGroups": [{
        "Name": "front", "Scaling": scaling, "Disconnect": { "Reconcile": "" },
        "Services": [{ "Name": "a", "Namespace": "mine" }, { "Name": "b", "Provider": "nomad", "Namespace": "mine" }],
        "Tasks": [{ "Name": "web", "Driver": "raw_exec", "Config": { "command": "/bin/true" } }],
    }], "Namespace": "team" });
    let job = Job::from_json(&Source::new("job.json", job.to_string())).unwrap().with_defaults().to_value();
    let group = &job["TaskGroups"][0];
    assert_eq!((&group["Scaling"]["ID"], &group["Scaling"]["Namespace"]), (&json!(""), &json!("")));
    assert_eq!(group["Disconnect"]["Reconcile"], "best_score");
    assert_eq!(
        (&group["Services"][0]["Namespace"], &group["Services"][1]["Namespace"]),
        (&json!("default"), &json!("team"))
    );
}

#[test]
fn an_empty_list_is_another_value_where_the_server_keeps_the_two_apart() {
    let kind = |from: &Value, to: &Value| nomad::diff(Some(&with(from)), Some(&with(to))).kind;
    let identity = |claims: Value| json!({ "Identity": { "File": true, "ExtraClaims": claims } });
    let action =
        |args: Value| json!({ "Actions": [{ "Name": "flush", "Command": "/bin/true", "Args": args }] });
    for of in [&identity as &dyn Fn(Value) -> Value, &action] {
        let (absent, empty) = (of(Value::Null), of(json!([])));
        assert!(kind(&absent, &empty) == Kind::Edited, "{empty}");
        assert!(kind(&empty, &absent) == Kind::Edited, "{empty}");
        assert!(kind(&empty, &empty) == Kind::None, "{empty}");
    }
    // A network is edited by that, but is not shown: the server shows networks as added or deleted only.
    let network = |servers: Value| {
        let dns = json!({ "Servers": servers, "Searches": ["example.com"] });
        with(&json!({ "Resources": { "Networks": [{ "Mode": "bridge", "DNS": dns }] } }))
    };
    let diff = nomad::diff(Some(&network(Value::Null)), Some(&network(json!([]))));
    let resources = &diff.task_groups[0].tasks[0].objects[0];
    assert!(resources.name == "Resources" && resources.kind == Kind::Edited);
    assert!(resources.objects.is_empty());
    // Most lists are the same to the server, empty or absent.
    let tags = |tags: Value| json!({ "Services": [{ "Name": "web", "Tags": tags }] });
    assert!(kind(&tags(Value::Null), &tags(json!([]))) == Kind::None);
}
