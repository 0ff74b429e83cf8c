job "a" {
  type: "batch"
  group "g"
  {
  }
  task "t" = {
  }
  lone
  a.b = 1
  count = 1
  count = 2
}
