//! What an emulator has, seen past the command.

use crate::support::emulator;

/// What the emulator has of a kind of EC2 object: `vpcs`, `subnets`.
pub(crate) fn count(region: &str, kind: &str) -> usize {
    let script = format!(
        "import boto3; print(len([o for o in boto3.client('ec2', '{region}').describe_{kind}()['{}'] \
         if not o.get('IsDefault') and not o.get('DefaultForAz')]))",
        if kind == "vpcs" { "Vpcs" } else { "Subnets" }
    );
    let output = emulator().python().args(["-c", &script]).output().expect("Python runs");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}
