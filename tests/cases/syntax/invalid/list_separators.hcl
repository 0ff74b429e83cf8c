job "a" {
  datacenters = ["dc1" "dc2"]
  args = ["a", "b"
}
