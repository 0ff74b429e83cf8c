//! The form of texts that drivers of containers read when a task starts.

use std::net::IpAddr;

use super::Entry;
use super::conditions::{fixed, one_of};
use crate::jobspec::tree::Value;
use crate::validate::report::Out;

/// What `docker` reads.
pub fn docker(config: &Entry<'_>, out: &mut Out<'_>) {
    volumes(config, out);
    security_options(config, None, out);
    devices(config, out);
    for key in ["ipv4_address", "ipv6_address"] {
        if let Some((text, entry)) = fixed(config, key)
            && !is_address(text)
        {
            out.say(entry.site(), format!("`{key}` is `{text}`, which is no address"));
        }
    }
    if let Some((text, entry)) = fixed(config, "mac_address")
        && !is_mac(text)
    {
        out.say(entry.site(), format!("`mac_address` is `{text}`, which is no MAC address"))
            .hint("write it like \"02:42:ac:11:00:02\"");
    }
}

/// What `podman` reads.
pub fn podman(config: &Entry<'_>, out: &mut Out<'_>) {
    const OPTIONS: [&str; 8] =
        ["no-new-privileges", "label", "apparmor", "seccomp", "proc-opts", "mask", "unmask", "systempaths"];
    volumes(config, out);
    security_options(config, Some(&OPTIONS), out);
    for (host, entry) in texts(config, "extra_hosts") {
        if !host.split_once(':').is_some_and(|(name, address)| !name.is_empty() && !address.is_empty()) {
            out.say(entry.site(), format!("`{host}` is no host with its address"))
                .hint("write it as HOST:ADDRESS, such as \"db:10.0.0.2\"");
        }
    }
    for logging in config.get("logging").map(|entry| entry.blocks()).unwrap_or_default() {
        one_of(&logging, "driver", &["nomad", "journald"], out);
    }
    for key in ["memory_reservation", "memory_swap", "shm_size"] {
        if let Some((text, entry)) = fixed(config, key)
            && !is_size(text)
        {
            out.say(entry.site(), format!("`{key}` is `{text}`, which is no size"))
                .hint("write it as a number with the unit b, k, m or g, such as \"100m\"");
        }
    }
    ipc(config, out);
}

fn ipc(config: &Entry<'_>, out: &mut Out<'_>) {
    const MODES: [&str; 4] = ["host", "private", "shareable", "none"];
    const SHARED: [&str; 3] = ["container:", "ns:", "task:"];
    let Some((mode, entry)) = fixed(config, "ipc_mode") else { return };
    if !MODES.contains(&mode) && !SHARED.iter().any(|prefix| mode.starts_with(prefix)) {
        out.say(entry.site(), format!("`ipc_mode` cannot be `{mode}`"))
            .did_you_mean(mode, MODES)
            .hint("use host, private, shareable, none, container:ID, ns:PATH or task:NAME");
    } else if !matches!(mode, "private" | "shareable")
        && let Some((_, size)) = fixed(config, "shm_size")
    {
        out.say(size.site(), format!("`shm_size` cannot be set with the IPC mode `{mode}`"))
            .related(entry.site(), "the mode")
            .hint("use the mode private or shareable, or leave out `shm_size`");
    }
}

/// The texts of a list whose value is known.
fn texts<'a>(config: &Entry<'a>, key: &str) -> Vec<(&'a str, Entry<'a>)> {
    let Some(entry) = config.get(key) else { return Vec::new() };
    let Value::List(list) = &entry.node.value else { return Vec::new() };
    let known = list.iter().enumerate().filter_map(|(i, node)| {
        let text = node.as_str().filter(|text| !text.contains("${"))?;
        Some((text, entry.item(i, node)))
    });
    known.collect()
}

fn volumes(config: &Entry<'_>, out: &mut Out<'_>) {
    for (volume, entry) in texts(config, "volumes") {
        if !volume.contains(':') {
            out.say(entry.site(), format!("the volume `{volume}` does not say where it is mounted"))
                .hint("write it as SOURCE:TARGET, such as \"local/data:/data\"");
        }
    }
}

/// Options without a value, or of a name that is not among `known`.
fn security_options(config: &Entry<'_>, known: Option<&[&'static str]>, out: &mut Out<'_>) {
    for (option, entry) in texts(config, "security_opt") {
        let name = match option.split_once('=').or_else(|| option.split_once(':')) {
            Some((name, _)) => name,
            None if option == "no-new-privileges" => option,
            None => {
                out.say(entry.site(), format!("the security option `{option}` has no value"))
                    .hint("write it as NAME=VALUE; only `no-new-privileges` stands alone");
                continue;
            }
        };
        if let Some(known) = known
            && !known.contains(&name)
        {
            out.say(entry.site(), format!("there is no security option `{name}`"))
                .did_you_mean(name, known.iter().copied())
                .hint(format!("the options are: {}", known.join(", ")));
        }
    }
}

fn devices(config: &Entry<'_>, out: &mut Out<'_>) {
    for device in config.get("devices").map(|entry| entry.blocks()).unwrap_or_default() {
        let host = device.get("host_path");
        if host.is_none_or(|path| matches!(&path.node.value, Value::Null) || path.node.as_str() == Some("")) {
            out.say(device.site(), "the device has no path on the host").hint("set `host_path`");
        }
        if let Some((text, entry)) = fixed(&device, "cgroup_permissions")
            && !text.chars().all(|c| matches!(c, 'r' | 'w' | 'm'))
        {
            out.say(entry.site(), format!("`{text}` says nothing about what is allowed"))
                .hint("use the letters r, w and m, such as \"rw\"");
        }
    }
}

/// An IP address, that of version 6 with a zone or without.
fn is_address(text: &str) -> bool {
    match text.split_once('%') {
        Some((address, zone)) => !zone.is_empty() && address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => text.parse::<IpAddr>().is_ok(),
    }
}

/// A hardware address of 6, 8 or 20 bytes: pairs of digits after `:` or `-`, or groups of four after dots.
fn is_mac(text: &str) -> bool {
    let (separator, digits) = match text.find([':', '-', '.']) {
        Some(2) if text.as_bytes()[2] != b'.' => (text.as_bytes()[2] as char, 2),
        Some(4) if text.as_bytes()[4] == b'.' => ('.', 4),
        _ => return false,
    };
    let parts: Vec<&str> = text.split(separator).collect();
    let bytes = parts.len() * digits / 2;
    matches!(bytes, 6 | 8 | 20)
        && parts.iter().all(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// A whole number and one of podman's units.
fn is_size(text: &str) -> bool {
    text.strip_suffix(['b', 'k', 'm', 'g']).is_some_and(|number| number.parse::<i64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_addresses() {
        for good in ["02:42:ac:11:00:02", "02-42-AC-11-00-02", "0242.ac11.0002", "02:00:5e:10:00:00:00:01"] {
            assert!(is_mac(good), "{good}");
        }
        for bad in
            ["", "02:42", "02:42:ac:11:00:0g", "0242ac110002", "02:42-ac:11:00:02", "02.42.ac.11.00.02"]
        {
            assert!(!is_mac(bad), "{bad}");
        }
    }

    #[test]
    fn sizes_have_a_unit() {
        assert!(is_size("100m") && is_size("-1b"));
        assert!(!is_size("100") && !is_size("m") && !is_size("1.5g") && !is_size("100M"));
    }

    #[test]
    fn addresses_may_have_a_zone() {
        assert!(is_address("10.0.0.2") && is_address("fe80::1%eth0"));
        assert!(!is_address("10.0.0.2%eth0") && !is_address("10.0.0.256") && !is_address("host"));
    }
}
