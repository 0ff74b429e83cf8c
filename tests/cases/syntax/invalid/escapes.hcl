job "a" {
  path = "C:\windows\u12"
  x = "\ud800"
}
