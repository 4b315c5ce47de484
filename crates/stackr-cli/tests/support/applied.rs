//! The stack of a network, applied.

use stackr_testkit::TestEnvironment;

use crate::{net::net, support::done};

/// A project in which `net` is applied.
pub(crate) fn applied(region: &str) -> TestEnvironment {
    let env = net(region);
    done(&env, ["apply", "net", "-y"]);
    env
}
