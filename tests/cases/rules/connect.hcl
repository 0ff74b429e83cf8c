job "mesh" {
  group "Api" {
    network {
      mode = "host"
    }

    service {
      name = "api"
      port = "9001"
      connect {
        native = true
        sidecar_service {}
      }
    }

    task "web" {
      driver = "docker"
      config {
        image = "web:1"
      }
    }
  }
}
