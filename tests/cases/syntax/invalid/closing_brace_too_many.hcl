job "a" {
  group "g" {
  }
}
}
