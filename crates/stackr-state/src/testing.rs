//! What this crate's tests share.

use stackr_core::{Address, Object, Origin};

use crate::{Entry, Intent, StackName};

pub(crate) fn name() -> StackName {
    StackName::new("dev", "base")
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub(crate) fn intent(at: &str, uid: &str) -> Entry {
    let mut args = serde_json::Map::new();
    args.insert("cidr_block".to_owned(), "10.0.0.0/16".into());
    let address = address(at);
    let intent = Intent {
        ty: address.ty().to_owned(),
        uid: uid.to_owned(),
        origin: Origin {
            account: "000000000000".to_owned(),
            region: "eu-west-1".to_owned(),
            ..Origin::default()
        },
        schema: 1,
        args,
        depends_on: Vec::new(),
        prevent_destroy: false,
        create_before_destroy: false,
        replaces: None,
        id: None,
        since: None,
    };
    Entry::Intent { address, intent: Box::new(intent) }
}

pub(crate) fn replacing(at: &str, uid: &str, old: &str) -> Entry {
    let mut entry = intent(at, uid);
    if let Entry::Intent { intent, .. } = &mut entry {
        intent.replaces = Some(old.to_owned());
    }
    entry
}

pub(crate) fn created(at: &str, uid: &str, id: &str) -> Entry {
    Entry::Created { address: address(at), uid: uid.to_owned(), id: id.to_owned() }
}

pub(crate) fn done(at: &str, uid: &str, id: &str) -> Entry {
    Entry::Done { address: address(at), object: Box::new(object(at, uid, id)) }
}

pub(crate) fn deleted(at: &str, uid: &str) -> Entry {
    Entry::Deleted { address: address(at), uid: uid.to_owned() }
}

pub(crate) fn object(at: &str, uid: &str, id: &str) -> Object {
    let Entry::Intent { intent, .. } = intent(at, uid) else { unreachable!() };
    let mut object = intent.object(id);
    object.outputs.insert("id".to_owned(), id.into());
    object
}
