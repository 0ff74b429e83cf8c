job "web" {
  priority = 70

  spread {
    attribute = "${node.datacenter}"
  }

  group "api" {
    count = 3

    network {
      mode = "bridge"
      port "http" {
        static = 8080
      }
      port "metrics" {
        to = 9100
      }
    }

    restart {
      attempts = 5
    }

    constraint {
      attribute = "${attr.kernel.name}"
      value     = "linux"
    }

    task "app" {
      driver       = "docker"
      kill_timeout = "9s"

      config {
        image = "registry.example.com/app:1.1"
        args  = ["--listen", "0.0.0.0", "--workers", "8", "--verbose", "--quiet", "--password", "hunter3"]
        labels {
          tier = "front"
        }
      }

      env {
        LOG_LEVEL    = "debug"
        DB_PASSWORD  = "hunter3"
        DATABASE_URL = "postgres://app:hunter3@db/app"
        NEW          = ""
      }

      template {
        destination = "local/app.conf"
        data        = <<EOT
listen = 80
workers = 8
timeout = 30
api_key = four-five-six
name = web
EOT
      }

      resources {
        cpu    = 500
        memory = 512
      }
    }

    task "log" {
      driver = "exec"
      lifecycle {
        hook    = "poststart"
        sidecar = true
      }
      config {
        command = "/bin/log"
        args    = ["-f"]
      }
      template {
        destination = "local/log.conf"
        data        = <<EOT
a
b
EOT
      }
    }
  }
}
