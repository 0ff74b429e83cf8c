//! What mutations of a job that has every block brought to light, each seen on a server.

use platy_manage::diagnostic::Source;
use platy_manage::jobspec::Job;
use platy_manage::validate::{self, Finding};
use serde_json::{Value, json};

fn job(fields: &Value) -> Job {
    let mut job = json!({ "ID": "shop", "TaskGroups": [group(&json!({}))] });
    for (name, value) in fields.as_object().into_iter().flatten() {
        job[name] = value.clone();
    }
    Job::from_json(&Source::new("job.json", job.to_string())).expect("a job")
}

fn group(fields: &Value) -> Value {
    let task = json!({ "Name": "web", "Driver": "raw_exec", "Config": { "command": "/bin/true" } });
    let mut group = json!({ "Name": "front", "ShutdownDelay": 1, "Tasks": [task] });
    for (name, value) in fields.as_object().into_iter().flatten() {
        group[name] = value.clone();
    }
    group
}

fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.diagnostic.code.id).collect()
}

fn errors_of_group(fields: &Value) -> Vec<String> {
    let verdict = validate::jobspec(&job(&json!({ "TaskGroups": [group(fields)] })));
    codes(&verdict.errors).into_iter().map(str::to_owned).collect()
}

#[test]
fn null_in_a_list_of_checks_or_ports_is_an_empty_block() {
    let service = |checks: Value| json!({ "Services": [{ "Name": "api", "Checks": checks }] });
    let tcp =
        json!({ "Type": "tcp", "PortLabel": "80", "Interval": 1_000_000_000, "Timeout": 1_000_000_000 });
    assert_eq!(errors_of_group(&service(json!([tcp]))), [""; 0]);
    assert_eq!(errors_of_group(&service(json!([tcp, null]))).len(), 1);
    let ports = |ports: Value| json!({ "Networks": [{ "DynamicPorts": ports }] });
    assert_eq!(errors_of_group(&ports(json!([null]))), [""; 0]);
    assert_eq!(errors_of_group(&ports(json!([null, null]))), ["P0610"]);
}

#[test]
fn null_for_a_volume_is_no_volume() {
    assert_eq!(errors_of_group(&json!({ "Volumes": { "data": null } })), [""; 0]);
}

#[test]
fn an_empty_namespace_hides_every_other_mistake() {
    let verdict = validate::jobspec(&job(&json!({ "Namespace": "", "Priority": 500 })));
    assert_eq!(codes(&verdict.errors), ["P0747"]);
}

#[test]
fn a_scaling_policy_needs_the_names_of_its_target() {
    let scaling = |fields: Value| json!({ "Scaling": { "Min": 1, "Max": 2, "Type": fields } });
    let verdict = |id: &str, name: &str, kind: &str| -> Vec<String> {
        let mut group = group(&scaling(json!(kind)));
        group["Name"] = name.into();
        let verdict = validate::jobspec(&job(&json!({ "ID": id, "Name": "shop", "TaskGroups": [group] })));
        codes(&verdict.errors).into_iter().map(str::to_owned).collect()
    };
    assert_eq!(verdict("shop", "front", "horizontal"), [""; 0]);
    assert_eq!(verdict("shop", "", "horizontal"), ["P0509", "P0542", "P0748"]);
    assert_eq!(verdict("", "front", "horizontal"), ["P0501", "P0748"]);
    assert_eq!(verdict("", "front", "other"), ["P0501", "P0554"]);
}

#[test]
fn negative_sizes_of_a_proxys_logs_are_passed_over() {
    let errors = |logs: Value| {
        errors_of_group(&json!({
            "Networks": [{ "Mode": "bridge" }],
            "Services": [{ "Name": "api", "PortLabel": "80", "Connect": {
                "SidecarService": {}, "SidecarTask": { "LogConfig": logs, "Resources": { "MemoryMB": 64 } },
            } }],
        }))
    };
    assert_eq!(errors(json!({ "MaxFiles": -1, "MaxFileSizeMB": -1 })), [""; 0]);
    assert_eq!(errors(json!({ "MaxFiles": 1000 })), ["P0702"]);
}

#[test]
fn what_only_a_cluster_knows_of_namespaces_and_system_scaling_is_named() {
    let task = json!({
        "Name": "web", "Driver": "raw_exec", "Config": { "command": "/bin/true" },
        "Vault": { "Namespace": "team" }, "Consul": { "Namespace": "team", "Partition": "east" },
    });
    let group = group(&json!({ "Tasks": [task], "Scaling": { "Min": 0, "Max": 1 } }));
    let verdict = validate::jobspec(&job(&json!({ "Type": "system", "TaskGroups": [group] })));
    assert_eq!(codes(&verdict.errors), [""; 0]);
    assert_eq!(codes(&verdict.not_checked), ["P0524", "P0744", "P0745", "P0745", "P0746"]);
}

#[test]
fn a_submitted_job_that_says_it_was_dispatched_is_still_parameterized() {
    let parameterized = json!({ "Payload": "some", "MetaRequired": ["a"], "MetaOptional": ["a"] });
    let fields = json!({ "Type": "batch", "Dispatched": true, "ParameterizedJob": parameterized });
    assert_eq!(codes(&validate::jobspec(&job(&fields)).errors), ["P0540", "P0541"]);
}

/// The keys that versions 0.6.3 to 0.6.5 of the plugin added.
#[test]
fn podman_knows_addresses_platforms_and_the_ipc_mode() {
    let config = json!({
        "image": "x", "arch": "arm64", "os": "linux", "variant": "v8", "ipc_mode": "private", "oom_score_adj": 10,
        "ipv4_address": "10.0.0.2", "ipv6_address": "fd00::2", "static_ips": ["10.0.0.2"], "static_mac": "02:00:00:00:00:01",
    });
    let task = |config: Value| json!({ "Tasks": [{ "Name": "web", "Driver": "podman", "Config": config }] });
    assert_eq!(errors_of_group(&task(config)), [""; 0]);
    let wrong = json!({ "image": "x", "static_ips": "10.0.0.2", "oom_score_adj": [], "varient": "v8" });
    assert_eq!(errors_of_group(&task(wrong)), ["P0772", "P0772", "P0771"]);
}

/// Nomad hands a driver `labels { … }` as a list of maps; an attribute with a map stays one, and the
/// driver's schema refuses it.
#[test]
fn a_map_is_not_taken_for_a_list_of_maps() {
    let found = |config: Value| {
        let mut config = config;
        config["image"] = "x".into();
        errors_of_group(&json!({ "Tasks": [{ "Name": "web", "Driver": "docker", "Config": config }] }))
    };
    for key in ["labels", "sysctl", "ulimit", "port_map"] {
        assert_eq!(found(json!({ key: [{ "a": "1" }, null] })), [""; 0], "{key}");
        assert_eq!(found(json!({ key: { "a": "1" } })), ["P0772"], "{key}");
    }
    assert_eq!(found(json!({ "storage_opt": { "size": "1G" } })), [""; 0]);
    assert_eq!(found(json!({ "storage_opt": [{ "size": "1G" }, { "size": "2G" }] })), ["P0772"]);
    assert_eq!(found(json!({ "auth": [null], "devices": [null, { "host_path": "/dev/x" }] })), [""; 0]);
}

#[test]
fn a_second_default_identity_is_refused() {
    let errors = |names: &[&str]| {
        let identities: Vec<_> =
            names.iter().map(|name| json!({ "Name": name, "Audience": ["a"] })).collect();
        let task = json!({
            "Name": "web", "Driver": "raw_exec", "Config": { "command": "/bin/true" }, "Identities": identities,
        });
        errors_of_group(&json!({ "Tasks": [task] }))
    };
    assert_eq!(errors(&["default", "aws"]), [""; 0]);
    assert_eq!(errors(&["default", "default"]), ["P0727"]);
    assert_eq!(errors(&["", "aws", "default", ""]), ["P0727", "P0727"]);
}

#[test]
fn of_several_thresholds_that_a_check_cannot_have_the_first_is_reported() {
    let check = json!({
        "Type": "script", "Command": "/bin/true", "TaskName": "web", "Interval": 1_000_000_000,
        "Timeout": 1_000_000_000, "SuccessBeforePassing": 1, "FailuresBeforeCritical": 2,
    });
    let service = json!({ "Name": "api", "Checks": [check] });
    assert_eq!(errors_of_group(&json!({ "Services": [service] })), ["P0662"]);
}

#[test]
fn escapes_in_a_host_name_are_read_as_the_server_reads_them() {
    let errors =
        |name: &str| errors_of_group(&json!({ "Networks": [{ "Mode": "bridge", "Hostname": name }] }));
    for good in [r"a\-\", r"a\.b", r"\046", "a.", &format!(r"{}\046\", "x".repeat(70))] {
        assert_eq!(errors(good), [""; 0], "{good}");
    }
    for bad in [r"a\", r"a.\", "a..b", ".a", &"x".repeat(64), &"a.".repeat(129)] {
        assert_eq!(errors(bad), ["P0616"], "{bad}");
    }
}

/// The agent closes the connection without an answer.
#[test]
fn a_volume_mount_has_a_destination() {
    let errors = |mount: Value| {
        let task = json!({
            "Name": "web", "Driver": "raw_exec", "Config": { "command": "/bin/true" }, "VolumeMounts": [mount],
        });
        let volumes = json!({ "data": { "Name": "data", "Type": "host", "Source": "x" } });
        errors_of_group(&json!({ "Tasks": [task], "Volumes": volumes }))
    };
    assert_eq!(errors(json!({ "Volume": "data" })), ["P0749"]);
    assert_eq!(errors(json!({ "Volume": "data", "Destination": "/data" })), [""; 0]);
    assert_eq!(errors(json!({ "Volume": "data", "Destination": "" })), [""; 0]);
}

#[test]
fn a_job_for_several_regions_may_have_a_count_of_zero_below_its_least_scale() {
    let errors = |multiregion: Value| {
        let group = group(&json!({ "Count": 0, "Scaling": { "Min": 1, "Max": 2 } }));
        let verdict = validate::jobspec(&job(&json!({ "TaskGroups": [group], "Multiregion": multiregion })));
        codes(&verdict.errors).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(errors(Value::Null), ["P0558"]);
    assert_eq!(errors(json!({ "Regions": [{ "Name": "west", "Count": 2 }] })), ["P0516"]);
}
