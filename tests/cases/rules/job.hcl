job "two words" {
  type     = "servce"
  priority = 200

  constraint {
    attribute = "${attr.kernel.name}"
    operator  = "regexp"
    value     = "("
  }

  group "api" {
    count = -1

    task "web" {
      driver = "exec"
      config {
        command = "/bin/true"
      }
    }

    task "web" {
      driver = "exec"
      config {
        command = "/bin/true"
      }
    }
  }
}
