job "web" {
  group "api" {
    shutdown_delay = "5s"

    network {
      mode = "bridge"
      port "http" {
        to = 70000
      }
      port "admin" {
        static = 9000
      }
      port "metrics" {
        static = 9000
      }
    }

    service {
      name     = "my_service"
      provider = "nomad"
      port     = "http"
      check {
        type     = "grpc"
        interval = "10s"
        timeout  = "2s"
      }
      check {
        name     = "slow"
        type     = "http"
        path     = "/health"
        interval = "10s"
        timeout  = "100ms"
      }
    }

    task "web" {
      driver = "docker"
      config {
        image = "web:1"
        ports = ["htpp"]
      }
      service {
        provider = "nomad"
        port     = "htpp"
      }
    }
  }
}
