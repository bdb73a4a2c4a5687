//! The names of this server, and the origins whose pages may use it.

use clap::Args;
use ghostlight_gateway::{Access, AllowedHost, AllowedOrigin};

/// The settings of who may ask. They hold for both listeners.
#[derive(Args, Clone, Debug)]
pub(crate) struct AccessArgs {
    /// A name of this server, beside its addresses, localhost and this machine's own name. Requests to other names are
    /// refused, because a page of anybody could make such a name lead here (DNS rebinding). * allows every name, and so
    /// every such page. May be repeated; GHOSTLIGHT_HOST separates names by commas
    #[arg(long, env = "GHOSTLIGHT_HOST", value_name = "NAME", value_delimiter = ',')]
    host: Vec<AllowedHost>,
    /// An origin, such as https://example.com, whose pages may read and change the rigs as the server's own page does;
    /// null stands for pages that were opened from a file, and for sandboxed frames of any page. May be repeated;
    /// GHOSTLIGHT_ALLOW_ORIGIN separates origins by commas
    #[arg(long, env = "GHOSTLIGHT_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    allow_origin: Vec<AllowedOrigin>,
}

impl AccessArgs {
    /// The settings, with the names of this machine.
    pub(crate) fn access(&self) -> Access {
        let node = rustix::system::uname();
        let own = own_names(&node.nodename().to_string_lossy());
        Access::new(own.into_iter().chain(self.host.iter().cloned()).collect(), self.allow_origin.clone())
    }
}

/// The names of a machine with this host name: the host name, its first label, and the name of multicast DNS (RFC 6762).
/// A host name that is not a name in DNS gives none.
fn own_names(hostname: &str) -> Vec<AllowedHost> {
    let label = hostname.split('.').next().unwrap_or(hostname);
    if label.is_empty() {
        return Vec::new();
    }
    let names = [hostname.to_owned(), label.to_owned(), format!("{label}.local")];
    let names = names.iter().filter_map(|name| name.parse().ok());
    names.filter(|name| matches!(name, AllowedHost::Name(_))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_its_host_name_and_its_name_in_the_local_network() {
        let names = |names: &[&str]| names.iter().map(|name| AllowedHost::Name((*name).to_owned())).collect::<Vec<_>>();
        assert_eq!(own_names("Booth"), names(&["booth", "booth", "booth.local"]));
        assert_eq!(own_names("booth.theatre.example"), names(&["booth.theatre.example", "booth", "booth.local"]));
    }

    #[test]
    fn what_is_no_name_allows_none() {
        for hostname in ["", "*", "(none)", "a b"] {
            assert_eq!(own_names(hostname), [], "{hostname:?}");
        }
    }
}
