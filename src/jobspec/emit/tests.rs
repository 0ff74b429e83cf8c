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
