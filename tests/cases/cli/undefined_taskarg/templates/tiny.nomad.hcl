job "[[ job_id ]]" {
  group "web" {
    meta { workers = "[[ taskargs.workers ]]" }
    task "web" {
      driver = "docker"
      config {
        image = "[[ image ]]"
      }
    }
  }
}
