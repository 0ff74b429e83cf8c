job "[[ job_id ]]" {
  group "web" {
[[% for port in ["http", "admin"] %]]
    meta { port = "[[ port ]]" }
[[% endfor %]]
    task "web" {
      driver = = "docker"
    }
  }
}
