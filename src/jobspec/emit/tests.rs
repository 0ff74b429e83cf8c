use crate::diagnostic::{Source, text};
use crate::jobspec::Job;

fn emit(json: &str) -> String {
    let hcl = Job::from_json(&Source::new("job.json", json)).unwrap().emit();
    format!("{}{}", hcl.text, text::render(&hcl.left_out, false))
}

#[test]
fn a_job_reads_as_written_by_hand() {
    insta::assert_snapshot!(emit(
        r##"{"ID": "web-prod", "Name": "web", "Datacenters": ["dc1"], "TaskGroups": [{
            "Name": "web", "Count": 2,
            "Update": {"MinHealthyTime": 90000000000, "AutoRevert": true},
            "Networks": [{"ReservedPorts": [{"Label": "admin", "Value": 9000}], "DynamicPorts": [{"Label": "http", "To": 80}]}],
            "Tasks": [{
                "Name": "server", "Driver": "docker",
                "Config": {"args": ["--port", "${NOMAD_PORT_http}"], "image": "web:1", "labels": [{"team": "a"}], "ports": ["http"]},
                "Env": {"A": "1", "LONGER": "${node.unique.id}"},
                "Meta": {"dotted.key": "x"},
                "Resources": {"CPU": 500, "MemoryMB": 256},
                "Identity": {"Name": "default", "File": true},
                "Templates": [{"DestPath": "local/x", "EmbeddedTmpl": "a\n{{ key \"b\" }}\n", "ChangeMode": "restart",
                    "Perms": "0644", "Splay": 5000000000, "ErrMissingKey": false}]}]}]}"##
    ), @r#"
    job "web-prod" {
      name        = "web"
      datacenters = ["dc1"]

      group "web" {
        count = 2

        update {
          min_healthy_time = "1m30s"
          auto_revert      = true
        }

        network {
          port "admin" {
            static = 9000
          }

          port "http" {
            to = 80
          }
        }

        task "server" {
          driver = "docker"
          meta   = { "dotted.key" = "x" }

          config {
            image = "web:1"
            args  = ["--port", "${NOMAD_PORT_http}"]
            ports = ["http"]

            labels {
              team = "a"
            }
          }

          env {
            A      = "1"
            LONGER = "${node.unique.id}"
          }

          template {
            destination = "local/x"
            data        = <<EOF
    a
    {{ key "b" }}
    EOF
          }

          identity {
            name = "default"
            file = true
          }

          resources {
            cpu    = 500
            memory = 256
          }
        }
      }
    }
    "#);
}

#[test]
fn what_hcl_cannot_say_is_told() {
    insta::assert_snapshot!(emit(
        r#"{"ID": "a", "ConsulNamespace": "x", "TaskGroups": [{"Name": "g",
            "Services": [{"Name": "s", "Meta": {"fine": "1", "dotted.key": "2"}}]}]}"#
    ), @r#"
    job "a" {
      group "g" {
        service {
          name = "s"

          meta {
            fine = "1"
          }
        }
      }
    }
    warning[P0475]: HCL has no way to say `TaskGroups.Services.Meta.dotted.key`; it is left out
     --> job.json:2:76
      |
    2 |             "Services": [{"Name": "s", "Meta": {"fine": "1", "dotted.key": "2"}}]}]}
      |                                                                            ^^^

    warning[P0475]: HCL has no way to say `ConsulNamespace`; it is left out
     --> job.json:1:32
      |
    1 | {"ID": "a", "ConsulNamespace": "x", "TaskGroups": [{"Name": "g",
      |                                ^^^
    "#);
}

/// The names of older clients for the same thing are said with today's.
#[test]
fn older_names_are_said_with_the_newer_ones() {
    let path = r#"[{"Path": "/health", "Protocol": "http", "LocalPathPort": 80, "ListenerPort": "x"}]"#;
    for expose in
        [format!(r#""Expose": {{"Path": {path}}}"#), format!(r#""ExposeConfig": {{"Paths": {path}}}"#)]
    {
        let text = emit(&format!(
            r#"{{"ID": "a", "TaskGroups": [{{"Name": "g", "Services": [{{"Name": "s", "PortLabel": "80",
                "Connect": {{"SidecarService": {{"Proxy": {{{expose}}}}}}}}}], "Tasks": [{{"Name": "t", "Driver": "exec"}}]}}]}}"#
        ));
        assert!(
            text.contains("expose {\n") && text.contains("\"/health\"") && !text.contains("warning"),
            "{text}"
        );
    }
}

#[test]
fn what_reads_back_as_something_else_is_told() {
    let volume = r#"{"ID": "a", "TaskGroups": [{"Name": "g", "Volumes": {"data": {"Name": "disk", "Type": "host", "Source": "d"}},
        "Tasks": [{"Name": "t", "Driver": "exec"}]}]}"#;
    let text = emit(volume);
    assert!(text.contains("HCL has no way to say this `TaskGroups.Volumes.Name`"), "{text}");
    let policy = r#"{"ID": "a", "TaskGroups": [{"Name": "g", "Tasks": [{"Name": "t", "Driver": "exec", "ScalingPolicies": [{}]}]}]}"#;
    let text = emit(policy);
    assert!(text.contains("Nomad's parser refuses this job in HCL: Invalid scaling policy name"), "{text}");
}
