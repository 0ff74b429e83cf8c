job "[[ job_id ]]" {
  group "web" {
    task "web" {
      driver = "docker"
      config {
        image = "[[ imag ]]"
      }
    }
  }
}
