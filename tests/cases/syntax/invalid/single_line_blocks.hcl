job "a" {
  type = "service", priority = 50
  group "g" { count = 1 network {} }
  group "h" { count = 1, shutdown_delay = "1s" }
  group "i" { task "t" {} }
  group "j" { count = 1
  }
}
