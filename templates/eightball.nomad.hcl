[[#
  Eightball, an API server of four ports: `http` for everyone, behind the authentication proxy;
  `api`, where the server itself listens; `private` for other jobs; and `health`, on which the
  private endpoints are checked without a login.

  Beside the server run the proxy, which starts first, and a process that asks the server real
  questions and is restarted with it.
#]]
[[% extends "server" %]]

[[%- block network +%]]

    network {
      port "http" {}
      port "api" {}
      port "private" {}
      port "health" {}
    }
[[%- endblock %]]

[[%- block service +%]]

    service {
      name     = "[[ service_name ]]"
      provider = "nomad"
      port     = "http"
      tags     = ["[[ stage ]]", "api"]

      check {
        name     = "proxy"
        type     = "tcp"
        interval = "10s"
        timeout  = "2s"
      }
    }

    service {
      name     = "[[ service_name ]]-private"
      provider = "nomad"
      port     = "private"
      tags     = ["[[ stage ]]", "private"]

      check {
        name     = "alive"
        type     = "http"
        port     = "health"
        path     = "/health/alive"
        interval = "10s"
        timeout  = "2s"

        check_restart {
          limit = 3
          grace = "60s"
        }
      }

      check {
        name     = "ready"
        type     = "http"
        port     = "health"
        path     = "/health/ready"
        interval = "5s"
        timeout  = "2s"
      }
    }
[[%- endblock %]]

[[%- block config +%]]

      artifact {
        source      = "[[ vars.artifacts ]]/[[ user ]]/[[ buildname ]]-[[ githash ]].tar.gz"
        destination = "local/"
      }

      config {
        command = "local/bin/[[ buildname ]]"
        args = [
          "--workers=[[ taskargs.workers ]]",
          "--port=${NOMAD_PORT_api}",
          "--private-port=${NOMAD_PORT_private}",
          "--health-port=${NOMAD_PORT_health}",
        ]
      }
[[%- endblock %]]

[[%- block tasks +%]]

    task "auth-proxy" {
      driver       = "exec"
      kill_timeout = "10s"

      lifecycle {
        hook    = "prestart"
        sidecar = true
      }

      artifact {
        source      = "[[ vars.artifacts ]]/auth-proxy/auth-proxy-2.3.tar.gz"
        destination = "local/"
      }

      config {
        command = "local/bin/auth-proxy"
        args = [
          "--listen=:${NOMAD_PORT_http}",
          "--upstream=127.0.0.1:${NOMAD_PORT_api}",
          "--realm=[[ stage ]]",
        ]
      }

      resources {
        cpu    = 100
        memory = 64
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }
    }

    task "health-check" {
      driver       = "exec"
      kill_timeout = "5s"

      lifecycle {
        hook    = "poststart"
        sidecar = true
      }

      artifact {
        source      = "[[ vars.artifacts ]]/[[ user ]]/[[ buildname ]]-[[ githash ]].tar.gz"
        destination = "local/"
      }

      config {
        command = "local/bin/[[ buildname ]]-check"
        args = [
          "--target=http://127.0.0.1:${NOMAD_PORT_private}",
          "--every=30s",
        ]
      }

      resources {
        cpu    = 50
        memory = 32
      }

      logs {
        max_files     = 2
        max_file_size = 10
      }
    }
[[%- endblock %]]
