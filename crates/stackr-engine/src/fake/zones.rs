//! The fake cloud's lookup.

use stackr_core::{Args, Lookup, Outputs, Result};

use super::Fake;

/// A lookup.
pub struct Zones;

/// What zones are asked for.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ZonesArgs {
    /// Only those near this network.
    pub near: Option<String>,
}

/// The zones.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct ZonesOutputs {
    /// Their names.
    pub names: Vec<String>,
}

impl Lookup for Zones {
    const TYPE: &'static str = "fake_zones";
    type Cloud = Fake;
    type Args = ZonesArgs;
    type Outputs = ZonesOutputs;

    async fn read(fake: &Fake, args: &ZonesArgs) -> Result<ZonesOutputs> {
        let near = args.near.clone().map_or(String::new(), |near| format!(" near {near}"));
        let names = || vec![format!("a{near}"), format!("b{near}")];
        fake.call("look fake_zones", 1, |_| Ok(ZonesOutputs { names: names() })).await
    }
}
