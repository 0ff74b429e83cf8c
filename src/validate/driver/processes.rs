//! Drivers that run programs and machines: exec, raw_exec, java and qemu.

use super::schema::Kind::{Bool, Number, NumberMap, Text, TextMap, Texts};
use super::schema::{Driver, key, needed};

/// The `exec` driver of Nomad.
pub static EXEC: Driver = Driver {
    name: "exec",
    keys: &[
        needed("command", Text, "the program to run"),
        key("args", Texts, "its arguments"),
        key("cap_add", Texts, "the capabilities to add"),
        key("cap_drop", Texts, "the capabilities to drop"),
        key("ipc_mode", Text, "the IPC namespace: private or host"),
        key("pid_mode", Text, "the PID namespace: private or host"),
        key("work_dir", Text, "the folder in which it runs, an absolute path"),
    ],
};

/// The `raw_exec` driver of Nomad.
pub static RAW_EXEC: Driver = Driver {
    name: "raw_exec",
    keys: &[
        needed("command", Text, "the program to run"),
        key("args", Texts, "its arguments"),
        key("cgroup_v1_override", TextMap, "the cgroups (v1) in which it runs"),
        key("cgroup_v2_override", Text, "the cgroup (v2) in which it runs"),
        key("denied_envvars", Texts, "environment variables that it does not get"),
        key("oom_score_adj", Number, "how soon the kernel kills it when memory is short"),
        key("work_dir", Text, "the folder in which it runs, an absolute path"),
    ],
};

/// The `java` driver of Nomad.
pub static JAVA: Driver = Driver {
    name: "java",
    keys: &[
        key("args", Texts, "the arguments of the main method"),
        key("cap_add", Texts, "the capabilities to add"),
        key("cap_drop", Texts, "the capabilities to drop"),
        key("class", Text, "the class to run"),
        key("class_path", Text, "where classes are found"),
        key("ipc_mode", Text, "the IPC namespace: private or host"),
        key("jar_path", Text, "the JAR file to run"),
        key("jvm_options", Texts, "the options of the JVM"),
        key("pid_mode", Text, "the PID namespace: private or host"),
        key("work_dir", Text, "the folder in which it runs, an absolute path"),
    ],
};

/// The `qemu` driver of Nomad.
pub static QEMU: Driver = Driver {
    name: "qemu",
    keys: &[
        needed("image_path", Text, "the image of the machine"),
        key("accelerator", Text, "the accelerator, such as kvm"),
        key("args", Texts, "further arguments of QEMU"),
        key("drive_interface", Text, "the interface of the drive, such as virtio"),
        key("emulator", Text, "the QEMU program"),
        key("graceful_shutdown", Bool, "whether the machine is shut down, not killed"),
        key("guest_agent", Bool, "whether the machine runs the QEMU guest agent"),
        key("machine_type", Text, "the type of the machine"),
        key("port_map", NumberMap, "the ports of the host to forward"),
    ],
};
