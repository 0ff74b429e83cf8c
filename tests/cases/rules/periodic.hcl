job "nightly" {
  type = "batch"

  periodic {
    crons     = ["0 3 * * *", "61 3 * * *"]
    time_zone = "Europe/Berln"
  }

  group "work" {
    task "work" {
      driver = "raw_exec"
      config {
        command = "/bin/true"
      }
    }
  }
}
