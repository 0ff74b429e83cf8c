job "a" {
  type = "batch
  region = "x"
}
