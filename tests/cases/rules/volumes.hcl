job "db" {
  group "db" {
    count = 3

    volume "data" {
      type            = "csi"
      source          = "data"
      access_mode     = "single-node-writer"
      attachment_mode = "file-system"
    }

    volume "conf" {
      type        = "host"
      source      = ""
      access_mode = "multi-node-reader-only"
    }

    task "db" {
      driver = "exec"
      config {
        command = "/bin/true"
      }
      volume_mount {
        volume           = "dta"
        destination      = "/data"
        propagation_mode = "sideways"
      }
    }
  }
}
