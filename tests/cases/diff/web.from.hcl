job "web" {
  group "api" {
    count = 1

    network {
      mode = "bridge"
      port "http" {}
    }

    restart {
      attempts = 2
    }

    task "app" {
      driver       = "docker"
      kill_timeout = "5s"

      config {
        image = "registry.example.com/app:1.0"
        args  = ["--listen", "0.0.0.0", "--workers", "4", "--verbose", "--quiet", "--password", "hunter2"]
        labels {
          tier = "back"
        }
      }

      env {
        LOG_LEVEL    = "info"
        OLD          = "gone"
        DB_PASSWORD  = "hunter2"
        DATABASE_URL = "postgres://app:hunter2@db/app"
      }

      template {
        destination = "local/app.conf"
        data        = <<EOT
listen = 80
workers = 4
timeout = 30
api_key = one-two-three
name = web
EOT
      }

      resources {
        cpu    = 500
        memory = 256
      }
    }

    task "old" {
      driver = "exec"
      config {
        command = "/bin/sleep"
      }
    }
  }
}
