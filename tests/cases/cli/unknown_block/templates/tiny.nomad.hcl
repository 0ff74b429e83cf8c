job "[[ job_id ]]" {
  group "web" {
    tsk "web" {
      driver = "docker"
    }
  }
}
