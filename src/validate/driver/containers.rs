//! Drivers that run containers: docker and podman.

use super::schema::Kind::{
    Block, Blocks, Bool, Count, Number, NumberMap, Text, TextBlock, TextMap, TextOrTexts, Texts,
};
use super::schema::{Driver, Key, key, needed};

/// The `docker` driver of Nomad.
pub static DOCKER: Driver = Driver {
    name: "docker",
    keys: &[
        needed("image", Text, "the image to run"),
        key("advertise_ipv6_address", Bool, "whether services use the container's IPv6 address"),
        key("args", Texts, "the arguments of the command"),
        key("auth", Block(DOCKER_AUTH), "the credentials for the registry"),
        key("auth_soft_fail", Bool, "whether a failed login is ignored"),
        key("cap_add", Texts, "the capabilities to add"),
        key("cap_drop", Texts, "the capabilities to drop"),
        key("cgroupns", Text, "the cgroup namespace: host or private"),
        key("command", Text, "the command to run in the container"),
        key("container_exists_attempts", Count, "how often to try while a container of this name exists"),
        key("cpu_cfs_period", Number, "the period of the CPU quota in microseconds"),
        key("cpu_hard_limit", Bool, "whether CPU is limited to the task's share"),
        key("cpuset_cpus", Text, "the CPUs on which the container runs"),
        key("devices", Blocks(DOCKER_DEVICE), "the devices of the host to expose"),
        key("dns_options", Texts, "the options of the resolver"),
        key("dns_search_domains", Texts, "the search domains of the resolver"),
        key("dns_servers", Texts, "the name servers"),
        key("entrypoint", Texts, "the entry point instead of the image's"),
        key("extra_hosts", Texts, "hosts to add, as name:address"),
        key("force_pull", Bool, "whether the image is always pulled"),
        key("group_add", Texts, "the groups to add"),
        key("healthchecks", Block(DOCKER_HEALTHCHECKS), "the image's own health checks"),
        key("hostname", Text, "the host name of the container"),
        key("image_pull_timeout", Text, "how long a pull may take"),
        key("init", Bool, "whether an init process reaps children"),
        key("interactive", Bool, "whether stdin stays open"),
        key("ipc_mode", Text, "the IPC namespace"),
        key("ipv4_address", Text, "the IPv4 address of the container"),
        key("ipv6_address", Text, "the IPv6 address of the container"),
        key("isolation", Text, "the isolation mode on Windows"),
        key("labels", TextMap, "the labels of the container"),
        key("load", Text, "an archive to load the image from"),
        key("logging", Block(DOCKER_LOGGING), "the log driver"),
        key("mac_address", Text, "the MAC address of the container"),
        key("memory_hard_limit", Number, "the most memory in MB"),
        key("mount", Blocks(MOUNT), "what to mount into the container"),
        key("mounts", Blocks(MOUNT), "what to mount into the container, as a list"),
        key("network_aliases", Texts, "the names of the container in its network"),
        key("network_mode", Text, "the network of the container"),
        key("oom_score_adj", Number, "how soon the kernel kills the container when memory is short"),
        key("pid_mode", Text, "the PID namespace: host or empty"),
        key("pids_limit", Number, "the most processes"),
        key("port_map", NumberMap, "the ports of a network in resources (deprecated)"),
        key("ports", Texts, "the labels of the group's ports to publish"),
        key("privileged", Bool, "whether the container may do anything on the host"),
        key("readonly_rootfs", Bool, "whether the root file system is read-only"),
        key("runtime", Text, "the runtime of the container"),
        key("security_opt", Texts, "the security options"),
        key("shm_size", Number, "the size of /dev/shm in bytes"),
        key("storage_opt", TextBlock, "the options of the storage driver"),
        key("sysctl", TextMap, "the kernel parameters of the container"),
        key("tty", Bool, "whether the container has a terminal"),
        key("ulimit", TextMap, "the limits, as soft or soft:hard"),
        key("userns_mode", Text, "the user namespace: host or empty"),
        key("uts_mode", Text, "the UTS namespace: host or empty"),
        key("volume_driver", Text, "the driver of named volumes"),
        key("volumes", Texts, "what to bind into the container, as host:container"),
        key("work_dir", Text, "the folder in which the command runs"),
    ],
};

static DOCKER_AUTH: &[Key] = &[
    key("username", Text, "the user"),
    key("password", Text, "the password"),
    key("email", Text, "the mail address"),
    key("server_address", Text, "the registry"),
];

static DOCKER_DEVICE: &[Key] = &[
    key("host_path", Text, "the device on the host"),
    key("container_path", Text, "the device in the container"),
    key("cgroup_permissions", Text, "what is allowed: r, w and m"),
];

static DOCKER_HEALTHCHECKS: &[Key] = &[key("disable", Bool, "whether they are off")];

static DOCKER_LOGGING: &[Key] = &[
    key("type", Text, "the log driver"),
    key("driver", Text, "the log driver"),
    key("config", TextMap, "its options"),
];

static MOUNT: &[Key] = &[
    key("type", Text, "volume, bind or tmpfs"),
    key("target", Text, "where in the container"),
    key("source", Text, "the volume's name or the host's path"),
    key("readonly", Bool, "whether it is read-only"),
    key("bind_options", Block(BIND_OPTIONS), "the options of a bind mount"),
    key("tmpfs_options", Block(TMPFS_OPTIONS), "the options of a tmpfs"),
    key("volume_options", Block(VOLUME_OPTIONS), "the options of a volume"),
];

static BIND_OPTIONS: &[Key] = &[key("propagation", Text, "how mounts inside are shared")];

static TMPFS_OPTIONS: &[Key] =
    &[key("size", Number, "the size in bytes"), key("mode", Number, "the permissions")];

static VOLUME_OPTIONS: &[Key] = &[
    key("no_copy", Bool, "whether the image's files are left out"),
    key("labels", TextMap, "the labels of the volume"),
    key("driver_config", Block(VOLUME_DRIVER), "the driver of the volume"),
];

static VOLUME_DRIVER: &[Key] = &[key("name", Text, "its name"), key("options", TextMap, "its options")];

/// The `podman` driver plugin (0.6.5).
pub static PODMAN: Driver = Driver {
    name: "podman",
    keys: &[
        needed("image", Text, "the image to run"),
        key("apparmor_profile", Text, "the AppArmor profile, or unconfined"),
        key("arch", Text, "the architecture of the image to pull"),
        key("args", Texts, "the arguments of the command"),
        key("auth", Block(PODMAN_AUTH), "the credentials for the registry"),
        key("auth_soft_fail", Bool, "whether a failed login is ignored"),
        key("cap_add", Texts, "the capabilities to add"),
        key("cap_drop", Texts, "the capabilities to drop"),
        key("command", Text, "the command to run in the container"),
        key("cpu_cfs_period", Count, "the period of the CPU quota in microseconds"),
        key("cpu_hard_limit", Bool, "whether CPU is limited to the task's share"),
        key("devices", Texts, "the devices of the host to expose"),
        key("entrypoint", TextOrTexts, "the entry point instead of the image's"),
        key("extra_hosts", Texts, "hosts to add, as name:address"),
        key("force_pull", Bool, "whether the image is always pulled"),
        key("hostname", Text, "the host name of the container"),
        key("image_pull_timeout", Text, "how long a pull may take"),
        key("init", Bool, "whether an init process reaps children"),
        key("init_path", Text, "the init process"),
        key("ipc_mode", Text, "the IPC namespace"),
        key("ipv4_address", Text, "the IPv4 address of the container"),
        key("ipv6_address", Text, "the IPv6 address of the container"),
        key("labels", TextMap, "the labels of the container"),
        key("logging", Block(PODMAN_LOGGING), "the log driver"),
        key("memory_reservation", Text, "the soft limit of memory, with a unit"),
        key("memory_swap", Text, "memory and swap together, with a unit"),
        key("memory_swappiness", Number, "how readily memory is swapped, 0-100"),
        key("network_mode", Text, "the network of the container"),
        key("oom_score_adj", Number, "how soon the kernel kills the container when memory is short"),
        key("os", Text, "the operating system of the image to pull"),
        key("pids_limit", Number, "the most processes"),
        key("port_map", NumberMap, "the ports of a network in resources (deprecated)"),
        key("ports", Texts, "the labels of the group's ports to publish"),
        key("privileged", Bool, "whether the container may do anything on the host"),
        key("readonly_rootfs", Bool, "whether the root file system is read-only"),
        key("security_opt", Texts, "the security options"),
        key("selinux_opts", Texts, "the SELinux options"),
        key("shm_size", Text, "the size of /dev/shm, with a unit"),
        key("socket", Text, "which of the plugin's sockets to use"),
        key("static_ips", Texts, "the addresses of the container in its network"),
        key("static_mac", Text, "the MAC address of the container"),
        key("sysctl", TextMap, "the kernel parameters of the container"),
        key("tmpfs", Texts, "where to mount a tmpfs"),
        key("tty", Bool, "whether the container has a terminal"),
        key("ulimit", TextMap, "the limits, as soft:hard"),
        key("userns", Text, "the user namespace"),
        key("variant", Text, "the variant of the architecture of the image to pull"),
        key("volumes", Texts, "what to bind into the container, as host:container:options"),
        key("working_dir", Text, "the folder in which the command runs"),
    ],
};

static PODMAN_AUTH: &[Key] = &[
    key("username", Text, "the user"),
    key("password", Text, "the password"),
    key("tls_verify", Bool, "whether the registry's certificate is checked"),
];

static PODMAN_LOGGING: &[Key] =
    &[key("driver", Text, "the log driver"), key("options", TextMap, "its options")];
