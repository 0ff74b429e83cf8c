job "a" {
  meta = {
    a "b"
  }
  constraint = {
    attribute { }
  }
  x = { a = 1 b = 2 }
  y = { a
 }
}
