job "a" {
  "region" = "global"
  type = "batch"
  "priority" = 50
}
