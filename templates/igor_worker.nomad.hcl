[[#
  Igor's workers: one program, and its arguments decide the work. The build is an artifact named
  by its git hash; `taskargs` become the command line, `work` first of all.
#]]
[[% extends "worker" %]]
[[%- block config +%]]

      artifact {
        source      = "[[ vars.artifacts ]]/igor/igor-[[ githash ]].tar.gz"
        destination = "local/igor"
      }

      config {
        command = "local/igor/bin/igor-worker"
        args    = [[ taskargs | args | hcl ]]
      }
[[%- endblock %]]
