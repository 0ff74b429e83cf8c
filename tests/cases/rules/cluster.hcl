job "web" {
  namespace = "platform"
  node_pool = "gpu"

  group "api" {
    task "web" {
      driver = "exec"
      config {
        command = "/bin/true"
      }
      vault {}
      resources {
        memory     = 100
        memory_max = 200
      }
    }
  }
}
