//! What a task asks of its node, and what its logs take.

use super::rules;
use super::{Cx, Out};
use crate::validate::view::Block;

rules! {
    RESOURCES {
        Error CPU_AND_CORES = "P0689", cpu_and_cores, "only one of cpu and cores is set", "structs.Resources.Validate";
        Error CORES = "P0690", cores, "cores is not negative", "structs.Resources.Validate";
        Error CPU = "P0691", cpu, "cpu is at least 1 MHz", "structs.Resources.MeetsMinResources";
        Error MEMORY = "P0692", memory, "memory is at least 10 MB", "structs.Resources.MeetsMinResources";
        Error NUMA_DEVICE = "P0693", numa_device, "a device in `numa` is one of the task's devices", "structs.Resources.Validate";
        Error NUMA_AFFINITY = "P0694", numa_affinity, "numa's affinity is none, prefer or require", "structs.NUMA.Validate";
        Error MEMORY_MAX = "P0695", memory_max, "memory_max is not less than memory", "structs.Resources.Validate";
        Error SECRETS_SIZE = "P0696", secrets, "the secrets folder is not negative and not larger than memory", "structs.Resources.Validate";
    }
    DEVICE {
        Error DEVICE_NAME = "P0697", device_name, "a device has a name", "structs.RequestedDevice.Validate";
    }
    OLD_RESOURCES {
        Warning IOPS = "P0698", iops, "iops is deprecated", "structs.Task.Warnings";
        Warning TASK_NETWORK = "P0699", task_network, "networks stand in the group, not in resources", "structs.Task.Warnings";
    }
    LOGS {
        Error LOG_FILES = "P0700", log_files, "logs keep at least 1 file", "structs.LogConfig.Validate";
        Error LOG_SIZE = "P0701", log_size, "log files have at least 1 MB", "structs.LogConfig.Validate";
        Error LOGS_OVER_DISK = "P0702", logs_over_disk, "all log files fit into the group's disk", "structs.LogConfig.Validate";
    }
}

fn cpu_and_cores(_: &Cx<'_>, resources: &Block<'_>, out: &mut Out<'_>) {
    if resources.int("Cores").unwrap_or(0) > 0 && resources.int("CPU").unwrap_or(0) > 0 {
        out.say(resources.at("CPU"), "`cpu` and `cores` are both set")
            .related(resources.at("Cores"), "`cores`")
            .hint("keep `cpu` for a share in MHz, or `cores` for whole cores");
    }
}

fn cores(_: &Cx<'_>, resources: &Block<'_>, out: &mut Out<'_>) {
    if let Some(cores) = resources.int("Cores").filter(|cores| *cores < 0) {
        out.say(resources.at("Cores"), format!("`cores` is negative ({cores})"));
    }
}

fn cpu(_: &Cx<'_>, resources: &Block<'_>, out: &mut Out<'_>) {
    if let Some(cpu) = resources.int("CPU").filter(|cpu| *cpu < 1)
        && resources.int("Cores").unwrap_or(0) == 0
    {
        out.say(resources.at("CPU"), format!("`cpu` is {cpu}, but must be at least 1 (MHz)"));
    }
}

fn memory(_: &Cx<'_>, resources: &Block<'_>, out: &mut Out<'_>) {
    if let Some(memory) = resources.int("MemoryMB").filter(|memory| *memory < 10) {
        out.say(resources.at("MemoryMB"), format!("`memory` is {memory}, but must be at least 10 (MB)"));
    }
}

fn numa_device(_: &Cx<'_>, resources: &Block<'_>, out: &mut Out<'_>) {
    let Some(numa) = resources.block("NUMA") else { return };
    let devices = resources.blocks("Devices");
    let names: Vec<&str> = devices.iter().map(|device| device.str("Name")).collect();
    for (i, device) in numa.strs("Devices") {
        if !names.contains(&device) {
            out.say(numa.at_index("Devices", i), format!("the task asks for no device `{device}`"))
                .did_you_mean(device, names.iter().copied())
                .hint("add a `device` block to `resources`");
        }
    }
}

fn numa_affinity(_: &Cx<'_>, resources: &Block<'_>, out: &mut Out<'_>) {
    let Some(numa) = resources.block("NUMA") else { return };
    let affinity = numa.str("Affinity");
    const WORDS: [&str; 3] = ["none", "prefer", "require"];
    if !affinity.is_empty() && !WORDS.contains(&affinity) {
        out.say(numa.at("Affinity"), format!("`{affinity}` is no NUMA affinity"))
            .did_you_mean(affinity, WORDS)
            .hint("use none, prefer or require");
    }
}

fn memory_max(_: &Cx<'_>, resources: &Block<'_>, out: &mut Out<'_>) {
    // -1 stands for no limit.
    let max = resources.int("MemoryMaxMB").unwrap_or(0);
    let memory = resources.int("MemoryMB").unwrap_or(300);
    if !matches!(max, 0 | -1) && max < memory {
        out.say(
            resources.at("MemoryMaxMB"),
            format!("`memory_max` ({max}) is less than `memory` ({memory})"),
        )
        .related(resources.at("MemoryMB"), "`memory`");
    }
}

fn secrets(_: &Cx<'_>, resources: &Block<'_>, out: &mut Out<'_>) {
    let Some(secrets) = resources.int("SecretsMB") else { return };
    let memory = resources.int("MemoryMB").unwrap_or(300);
    if secrets > memory {
        out.say(resources.at("SecretsMB"), format!("`secrets` ({secrets}) is more than `memory` ({memory})"))
            .related(resources.at("MemoryMB"), "`memory`");
    }
    if secrets < 0 {
        out.say(resources.at("SecretsMB"), format!("`secrets` is negative ({secrets})"));
    }
}

fn device_name(_: &Cx<'_>, device: &Block<'_>, out: &mut Out<'_>) {
    if device.str("Name").is_empty() {
        out.say(device.here(), "the device has no name")
            .hint("write it as the label: type, vendor/type or vendor/type/name");
    }
}

fn iops(_: &Cx<'_>, resources: &Block<'_>, out: &mut Out<'_>) {
    if resources.int("IOPS").unwrap_or(0) != 0 {
        out.say(resources.at("IOPS"), "`iops` is deprecated since Nomad 0.9 and has no effect")
            .hint("remove it");
    }
}

fn task_network(_: &Cx<'_>, resources: &Block<'_>, out: &mut Out<'_>) {
    if resources.has_any("Networks") {
        let networks = resources.blocks("Networks");
        let site = networks.first().map_or_else(|| resources.at("Networks"), Block::here);
        out.say(site, "a network in `resources` is deprecated since Nomad 0.12")
            .hint("move the `network` block into the group");
    }
}

fn log_files(_: &Cx<'_>, logs: &Block<'_>, out: &mut Out<'_>) {
    if let Some(files) = logs.int("MaxFiles").filter(|files| *files < 1) {
        out.say(logs.at("MaxFiles"), format!("`max_files` is {files}, but must be at least 1"));
    }
}

fn log_size(_: &Cx<'_>, logs: &Block<'_>, out: &mut Out<'_>) {
    if let Some(size) = logs.int("MaxFileSizeMB").filter(|size| *size < 1) {
        out.say(logs.at("MaxFileSizeMB"), format!("`max_file_size` is {size}, but must be at least 1 (MB)"));
    }
}

fn logs_over_disk(cx: &Cx<'_>, logs: &Block<'_>, out: &mut Out<'_>) {
    let Some(group) = cx.group else { return };
    let disk = group.block("EphemeralDisk");
    let disk_size = disk.as_ref().and_then(|disk| disk.int("SizeMB")).unwrap_or(300);
    let files = logs.int("MaxFiles").unwrap_or(10);
    let size = logs.int("MaxFileSizeMB").unwrap_or(10);
    let usage = files.wrapping_mul(size);
    if disk_size <= usage {
        let site =
            if logs.get("MaxFileSizeMB").span.is_some() { logs.at("MaxFileSizeMB") } else { logs.here() };
        let finding = out.say(
            site,
            format!(
                "{files} log files of {size} MB take {usage} MB, but the group's disk has {disk_size} MB"
            ),
        );
        if let Some(disk) = &disk {
            finding.related(disk.at("SizeMB"), "the disk");
        }
        finding.hint("set `ephemeral_disk { size = … }` to more, or keep fewer logs");
    }
}
