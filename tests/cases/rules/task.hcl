job "web" {
  group "api" {
    ephemeral_disk {
      size = 50
    }

    task "web" {
      driver       = "exec"
      leader       = true
      kill_timeout = "-1s"

      config {
        command = "/bin/true"
      }

      resources {
        cpu        = 100
        cores      = 2
        memory     = 200
        memory_max = 100
      }

      lifecycle {
        hook = "prestrt"
      }

      template {
        destination   = "../../../etc/passwd"
        change_mode   = "sginal"
        perms         = "rw-r--r--"
      }

      artifact {
        source = "https://example.com/app.tar.gz"
        options {
          checksum = "sha256:abc0"
        }
      }

      volume_mount {
        volume      = "data"
        destination = "/data"
      }

      identity {
        name = "vault_default"
        aud  = ["a", "b"]
      }
    }
  }
}
