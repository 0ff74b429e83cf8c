job "a" {
  group "g" {
    task "t" {
      driver = "docker"
    }
}
