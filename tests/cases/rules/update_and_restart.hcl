job "web" {
  update {
    min_healthy_time = "10m"
    auto_promote     = true
  }

  group "api" {
    restart {
      attempts = 100
      interval = "1m"
    }

    reschedule {
      attempts  = 3
      unlimited = true
      delay     = "1s"
    }

    disconnect {
      lost_after           = "1h"
      stop_on_client_after = "1h"
    }

    task "web" {
      driver = "exec"
      config {
        command = "/bin/true"
      }
    }
  }
}
