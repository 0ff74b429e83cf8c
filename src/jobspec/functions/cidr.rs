//! Functions on IP networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Args, CallError, Outcome, abbreviate, fail, fail_at};
use crate::jobspec::eval::value::Value;

/// A network: its first address and the bits that all of its addresses share.
#[derive(Clone, Copy)]
struct Network {
    address: u128,
    prefix: u32,
    /// 32 or 128.
    width: u32,
}

impl Network {
    fn parse(args: &Args) -> Result<Self, CallError> {
        let text = args.text(0);
        let parsed = text.split_once('/').and_then(|(address, prefix)| {
            let (address, width) = match address.parse().ok()? {
                IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
                IpAddr::V6(address) => (u128::from(address), 128),
            };
            let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
            let prefix = prefix.parse().ok().filter(|prefix| digits && *prefix <= width)?;
            Some(Self { address, prefix, width }.masked(prefix))
        });
        match parsed {
            Some(network) => Ok(network),
            None => fail(format!("`{}` is not a network such as `10.0.0.0/8`", abbreviate(text))),
        }
    }

    /// All addresses of this width.
    fn ones(self) -> u128 {
        if self.width == 128 { u128::MAX } else { u128::from(u32::MAX) }
    }

    /// The bits that tell the hosts of a network of this prefix apart.
    fn host_bits(self, prefix: u32) -> u128 {
        match self.width - prefix {
            128 => u128::MAX,
            bits => (1 << bits) - 1,
        }
    }

    /// The network of this prefix that the first address is in.
    fn masked(self, prefix: u32) -> Self {
        Self { address: self.address & !self.host_bits(prefix) & self.ones(), prefix, ..self }
    }

    fn last(self) -> u128 {
        self.address | self.host_bits(self.prefix)
    }

    fn contains(self, address: u128) -> bool {
        (self.address..=self.last()).contains(&address)
    }

    /// An address of this width as text.
    fn show(self, address: u128) -> String {
        if self.width == 32 {
            Ipv4Addr::from(address as u32).to_string()
        } else {
            Ipv6Addr::from(address).to_string()
        }
    }

    fn show_network(self) -> String {
        format!("{}/{}", self.show(self.address), self.prefix)
    }
}

/// `cidrhost(prefix, hostnum)`
pub(super) fn cidrhost(args: Args) -> Outcome {
    let network = Network::parse(&args)?;
    let number = args.int(1)?;
    let most = network.host_bits(network.prefix);
    let from_end = number < 0;
    let distance = u128::from(number.unsigned_abs()) - u128::from(from_end);
    if distance > most {
        return fail(format!("`{}` has no host `{number}`", network.show_network()));
    }
    let host = if from_end { most - distance } else { distance };
    Ok(network.show(network.address | host).into())
}

/// `cidrnetmask(prefix)`
pub(super) fn cidrnetmask(args: Args) -> Outcome {
    let network = Network::parse(&args)?;
    Ok(network.show(network.ones() & !network.host_bits(network.prefix)).into())
}

/// `cidrsubnet(prefix, newbits, netnum)`
pub(super) fn cidrsubnet(args: Args) -> Outcome {
    let network = Network::parse(&args)?;
    let (bits, number) = (args.int(1)?, args.int(2)?);
    let bits = match u32::try_from(bits) {
        Ok(bits @ 0..=32) => bits,
        _ => return fail("a prefix is extended by 0 to 32 bits"),
    };
    let prefix = network.prefix + bits;
    if prefix > network.width {
        return fail(format!("`{}` cannot be extended by {bits} bits", network.show_network()));
    }
    let number = match u64::try_from(number) {
        Ok(number) if number < 1 << bits => u128::from(number),
        _ => return fail(format!("{bits} more bits have no room for a subnet `{number}`")),
    };
    let shift = network.width - prefix;
    let offset = if shift == 128 { 0 } else { number << shift };
    Ok(Network { address: network.address | offset, prefix, ..network }.show_network().into())
}

/// `cidrsubnets(prefix, newbits...)`
pub(super) fn cidrsubnets(args: Args) -> Outcome {
    let network = Network::parse(&args).or_else(|error| fail_at(0, error.message))?;
    // Nomad takes a subnet at address zero for one that ran over the end.
    let mut free = Some(network.address).filter(|address| *address > 0);
    let mut subnets = Vec::with_capacity(args.len() - 1);
    for i in 1..args.len() {
        let bits = match u32::try_from(args.int_at(i)?) {
            Ok(bits @ 1..=32) => bits,
            _ => return fail_at(i, "a prefix is extended by 1 to 32 bits"),
        };
        let prefix = network.prefix + bits;
        if prefix > network.width {
            return fail_at(i, format!("`{}` cannot be extended by {bits} bits", network.show_network()));
        }
        let host = network.host_bits(prefix);
        // Up to the next multiple of the size.
        let start = free.and_then(|free| free.checked_add(host)).map(|end| end & !host);
        let Some(start) = start.filter(|start| network.contains(*start)) else {
            return fail_at(i, format!("`{}` has no room left for this subnet", network.show_network()));
        };
        let subnet = Network { address: start, prefix, ..network };
        free = subnet.last().checked_add(1);
        subnets.push(Value::String(subnet.show_network()));
    }
    Ok(Value::List(subnets))
}
