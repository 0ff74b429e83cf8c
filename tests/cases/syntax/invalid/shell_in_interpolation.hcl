job "a" {
  meta {
    home = "${HOME:-/root}"
    user = "${env USER}"
    path = "${HOME"
  }
}
