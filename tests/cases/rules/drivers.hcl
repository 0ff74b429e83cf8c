job "drivers" {
  type = "batch"

  group "containers" {
    task "docker" {
      driver = "docker"
      config {
        imge       = "web:1"
        args       = "serve"
        privileged = "yes"
        shm_size   = "64 MB"
        ulimit {
          nofile = "many"
        }
        mount {
          type   = "bnd"
          targt  = "/data"
          source = "local"
        }
      }
    }

    task "podman" {
      driver = "podman"
      config {
        image      = "docker.io/library/redis:7"
        entrypoint = ["/entry"]
        workdir    = "/srv"
      }
    }
  }

  group "processes" {
    task "exec" {
      driver = "exec"
      config {
        comand   = "/bin/true"
        pid_mode = "shared"
        args     = ["-n", ["nested"]]
      }
    }

    task "java" {
      driver = "java"
      config {
        args     = ["${NOMAD_PORT_http}"]
        work_dir = "srv"
      }
    }

    task "raw" {
      driver = "raw_exec"
      config {
        command            = "${NOMAD_TASK_DIR}/run"
        oom_score_adj      = -5
        cgroup_v2_override = "a.slice/b"
        cgroup_v1_override = { memory = "x" }
      }
    }

    task "qemu" {
      driver = "qemu"
      config {
        image_path      = "local/a.img"
        drive_interface = "sata"
        port_map {
          ssh = "22"
        }
      }
    }

    task "other" {
      driver = "dokcer"
      config {
        anything = true
      }
    }
  }
}
