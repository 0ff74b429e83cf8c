//! Tests of the passes on jobs in JSON.

use serde_json::{Value, json};

use super::{Facts, Injected, Mode, inject};
use crate::diagnostic::{Diagnostic, Source, text};
use crate::jobspec::Job;

fn facts() -> Facts {
    Facts {
        name: "nightly".to_owned(),
        stage: "prod".to_owned(),
        cluster: "bb".to_owned(),
        user: "cbp".to_owned(),
        job_key: "bb/cbp/prod/nightly".to_owned(),
        template: "worker".to_owned(),
        owner: Some("search".to_owned()),
        build: Some("ABC123".to_owned()),
        events: Some("https://events.example.com/v1".to_owned()),
        ..Facts::default()
    }
}

/// A job of this type with one task, injected.
fn injected(kind: &str, task: &Value, facts: &Facts) -> Result<Injected, Vec<Diagnostic>> {
    let job = json!({"ID": "nightly-prod", "Type": kind, "TaskGroups": [{"Name": "main", "Tasks": [task]}]});
    let source = Source::new("job.json", serde_json::to_string_pretty(&job).unwrap());
    inject(Job::from_json(&source).unwrap(), facts)
}

fn task(kind: &str, task: &Value, facts: &Facts) -> Value {
    let injected = injected(kind, task, facts).unwrap();
    let job = injected.job.to_value();
    job.pointer("/Job/TaskGroups/0/Tasks/0").or_else(|| job.pointer("/TaskGroups/0/Tasks/0")).unwrap().clone()
}

const WRAPPER: &str = "${NOMAD_TASK_DIR}/platy-wrapper";

#[test]
fn docker_keeps_command_and_arguments_behind_the_entrypoint() {
    let config = |config: Value| {
        task("batch", &json!({"Name": "t", "Driver": "docker", "Config": config}), &facts())["Config"].clone()
    };
    assert_eq!(
        config(json!({"image": "a", "command": "/bin/x", "args": ["1", "2"]})),
        json!({"image": "a", "command": "/bin/x", "args": ["1", "2"], "entrypoint": [WRAPPER]})
    );
    assert_eq!(
        config(json!({"image": "a", "entrypoint": ["/bin/x", "-v"], "args": ["1"]})),
        json!({"image": "a", "entrypoint": [WRAPPER, "/bin/x", "-v"], "args": ["1"]})
    );
}

#[test]
fn exec_and_raw_exec_look_their_command_up() {
    for driver in ["exec", "raw_exec"] {
        let config = json!({"command": "app", "args": ["1"]});
        let task = task("batch", &json!({"Name": "t", "Driver": driver, "Config": config}), &facts());
        assert_eq!(task["Config"], json!({"command": WRAPPER, "args": ["-l", "app", "1"]}));
        let template = &task["Templates"][0];
        assert_eq!(template["DestPath"], "local/platy-wrapper");
        assert_eq!(template["Perms"], "0755");
        assert_eq!(template["EmbeddedTmpl"], super::SCRIPT);
    }
}

#[test]
fn the_environment_says_what_a_task_is() {
    let config = json!({"image": "example/app:1", "command": "x"});
    let one =
        json!({"Name": "t", "Driver": "docker", "Env": {"A": "1", "PLATY_USER": "mine"}, "Config": config});
    assert_eq!(
        task("batch", &one, &facts())["Env"],
        json!({
            "A": "1",
            "PLATY_BUILD": "ABC123",
            "PLATY_CLUSTER": "bb",
            "PLATY_EVENTS_URL": "https://events.example.com/v1",
            "PLATY_HOST": "${node.unique.name}",
            "PLATY_IMAGE": "example/app:1",
            "PLATY_JOB": "nightly",
            "PLATY_KILL_AFTER": "4.0",
            "PLATY_KILL_SIGNAL": "TERM",
            "PLATY_JOB_KEY": "bb/cbp/prod/nightly",
            "PLATY_OWNER": "search",
            "PLATY_STAGE": "prod",
            "PLATY_USER": "mine",
        })
    );
    let service = &task("service", &one, &facts())["Env"];
    assert!(service.get("PLATY_EVENTS_URL").is_none() && service.get("PLATY_STAGE").is_some());
}

#[test]
fn modes_decide_who_reports() {
    let one = json!({"Name": "t", "Driver": "raw_exec", "Config": {"command": "x"}});
    let wrapped = |kind: &str, facts: &Facts| task(kind, &one, facts)["Config"]["command"] == WRAPPER;
    let with = |change: fn(&mut Facts)| {
        let mut facts = facts();
        change(&mut facts);
        facts
    };
    assert!(wrapped("batch", &facts()) && wrapped("sysbatch", &facts()));
    assert!(!wrapped("service", &facts()));
    assert!(wrapped("service", &with(|facts| facts.mode = Some(Mode::Inject))));
    assert!(!wrapped("batch", &with(|facts| facts.mode = Some(Mode::Off))));
    assert!(!wrapped("batch", &with(|facts| facts.stage_mode = Some(Mode::Off))));
    assert!(!wrapped("batch", &with(|facts| facts.events = None)), "there is nowhere to send events");
    let image = with(|facts| facts.mode = Some(Mode::Image));
    assert!(!wrapped("batch", &image));
    assert_eq!(task("batch", &one, &image)["Env"]["PLATY_EVENTS_URL"], "https://events.example.com/v1");
}

#[test]
fn helper_tasks_and_other_drivers_are_left_alone() {
    let helper = json!({
        "Name": "h", "Driver": "docker", "Lifecycle": {"Hook": "prestart"}, "Config": {"image": "a"}
    });
    assert!(task("batch", &helper, &facts())["Templates"].is_null());
    let java = json!({"Name": "j", "Driver": "java", "Config": {"jar_path": "a.jar"}});
    assert!(task("batch", &java, &facts())["Templates"].is_null());
}

#[test]
fn meta_is_stable() {
    let one = json!({"Name": "t", "Driver": "raw_exec", "Config": {"command": "x"}});
    let injected = injected("batch", &one, &facts()).unwrap();
    let names: Vec<&str> = injected.passes.iter().map(|applied| applied.pass.name).collect();
    assert_eq!(names, ["wrapper", "environment", "meta"]);
    let job = injected.job.to_value();
    let meta = job.pointer("/Job/Meta").or_else(|| job.pointer("/Meta")).unwrap();
    assert_eq!(meta, &json!({"platy_job": "nightly", "platy_stage": "prod", "platy_template": "worker"}));
}

#[test]
fn a_container_without_a_command_is_refused() {
    let one = json!({"Name": "t", "Driver": "docker", "Config": {"image": "a", "args": ["x"]}});
    let errors = injected("batch", &one, &facts()).unwrap_err();
    insta::assert_snapshot!(text::render(&errors, false), @r#"
    error[P0801]: the task `t` names no command, so the monitoring wrapper has nothing to run
      --> job.json:12:22
       |
    12 |             "image": "a",
       |                      ^^^
       |
       = help: set `command` (and `args`): the image's own entrypoint is replaced by the wrapper
       = help: or set `monitoring: image` if the image brings the wrapper, or `monitoring: off`
    "#);
}
