//! An answer as a tree, XML or JSON, in which objects are found by what identifies them.

use serde_json::Value;
use xmltree::{Element, XMLNode};

use crate::message::Response;

/// What the elements of a list are called in EC2 and in the query protocol.
const LISTED: [&str; 3] = ["item", "member", "HostedZone"];

pub(crate) enum Document {
    Xml(Box<Element>),
    Json(Value),
}

impl Document {
    /// Reads the body of an answer that says that all went well.
    pub(crate) fn of(response: &Response) -> Option<Self> {
        if response.status >= 300 || response.body.is_empty() {
            return None;
        }
        if let Ok(json) = serde_json::from_slice(&response.body) {
            return Some(Self::Json(json));
        }
        Element::parse(response.body.as_slice()).ok().map(|root| Self::Xml(Box::new(root)))
    }

    /// The body with what has been changed in it.
    pub(crate) fn into_body(self) -> Vec<u8> {
        match self {
            Self::Json(json) => json.to_string().into_bytes(),
            Self::Xml(root) => {
                let mut body = Vec::new();
                root.write(&mut body).expect("a vector takes it");
                body
            }
        }
    }

    /// The first text of that name.
    pub(crate) fn first(&self, name: &str) -> Option<String> {
        match self {
            Self::Xml(root) => first_in_xml(root, name),
            Self::Json(json) => first_in_json(json, name),
        }
    }

    /// Takes out of its lists the object that is identified by this; whether it was there.
    pub(crate) fn without(&mut self, name: &str, id: &str) -> bool {
        match self {
            Self::Xml(root) => without_in_xml(root, name, id),
            Self::Json(json) => without_in_json(json, name, id),
        }
    }

    /// Sets a field of every element of this name; whether there was one. Of XML only.
    pub(crate) fn set_within(&mut self, element: &str, field: &str, to: &str) -> bool {
        match self {
            Self::Xml(root) => set_within_xml(root, element, field, to),
            Self::Json(_) => false,
        }
    }

    /// Sets a field of the object that is identified by this; whether it was there.
    pub(crate) fn set(&mut self, name: &str, id: &str, path: &[&str], to: &str) -> bool {
        match self {
            Self::Xml(root) => set_in_xml(root, name, id, path, to),
            Self::Json(json) => set_in_json(json, name, id, path, to),
        }
    }
}

/// Whether any text in the JSON is this.
pub(crate) fn mentions(json: &Value, id: &str) -> bool {
    match json {
        Value::String(text) => text == id,
        Value::Array(items) => items.iter().any(|item| mentions(item, id)),
        Value::Object(fields) => fields.values().any(|field| mentions(field, id)),
        _ => false,
    }
}

fn text(element: &Element) -> String {
    element.get_text().map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn is(element: &Element, name: &str, id: &str) -> bool {
    element.get_child(name).is_some_and(|child| text(child) == id)
}

fn elements(element: &mut Element) -> impl Iterator<Item = &mut Element> {
    element.children.iter_mut().filter_map(XMLNode::as_mut_element)
}

/// Whether it was in any of them; it is done in all of them.
fn in_any<T>(all: impl Iterator<Item = T>, mut done: impl FnMut(T) -> bool) -> bool {
    let mut found = false;
    for one in all {
        found |= done(one);
    }
    found
}

fn first_in_xml(element: &Element, name: &str) -> Option<String> {
    if element.name == name && element.children.iter().all(|child| child.as_element().is_none()) {
        return Some(text(element));
    }
    element.children.iter().filter_map(XMLNode::as_element).find_map(|child| first_in_xml(child, name))
}

fn without_in_xml(element: &mut Element, name: &str, id: &str) -> bool {
    let before = element.children.len();
    let gone = |child: &Element| LISTED.contains(&child.name.as_str()) && is(child, name, id);
    element.children.retain(|child| !child.as_element().is_some_and(gone));
    let mut found = element.children.len() < before;
    for child in elements(element) {
        // Within an object of the list are other objects' references to this one.
        if !LISTED.contains(&child.name.as_str()) {
            found |= without_in_xml(child, name, id);
        }
    }
    found
}

fn set_in_xml(element: &mut Element, name: &str, id: &str, path: &[&str], to: &str) -> bool {
    if is(element, name, id) {
        let mut at = Some(&mut *element);
        for step in path {
            at = at.and_then(|element| element.get_mut_child(*step));
        }
        if let Some(field) = at {
            field.children = vec![XMLNode::Text(to.to_owned())];
            return true;
        }
    }
    in_any(elements(element), |child| set_in_xml(child, name, id, path, to))
}

fn set_within_xml(element: &mut Element, name: &str, field: &str, to: &str) -> bool {
    if element.name == name
        && let Some(field) = element.get_mut_child(field)
    {
        field.children = vec![XMLNode::Text(to.to_owned())];
        return true;
    }
    in_any(elements(element), |child| set_within_xml(child, name, field, to))
}

fn first_in_json(json: &Value, name: &str) -> Option<String> {
    match json {
        Value::Object(fields) => match fields.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            _ => fields.values().find_map(|field| first_in_json(field, name)),
        },
        Value::Array(items) => items.iter().find_map(|item| first_in_json(item, name)),
        _ => None,
    }
}

fn without_in_json(json: &mut Value, name: &str, id: &str) -> bool {
    match json {
        Value::Object(fields) => in_any(fields.values_mut(), |field| without_in_json(field, name, id)),
        Value::Array(items) => {
            let before = items.len();
            items.retain(|item| item != id && item[name] != id);
            items.len() < before
        }
        _ => false,
    }
}

fn set_in_json(json: &mut Value, name: &str, id: &str, path: &[&str], to: &str) -> bool {
    match json {
        Value::Object(fields) => {
            if fields.get(name).is_some_and(|found| found == id) {
                let mut at = Some(&mut *json);
                for step in path {
                    at = at.and_then(|value| value.get_mut(*step));
                }
                if let Some(field) = at {
                    *field = to.into();
                    return true;
                }
                return false;
            }
            in_any(fields.values_mut(), |field| set_in_json(field, name, id, path, to))
        }
        Value::Array(items) => in_any(items.iter_mut(), |item| set_in_json(item, name, id, path, to)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUPS: &str = "<R xmlns=\"urn:x\"><set><item><groupId>sg-1</groupId><state>available</state></item>\
        <item><groupId>sg-2</groupId><rules><item><groupId>sg-1</groupId></item></rules></item></set></R>";

    fn document(body: &str) -> Document {
        Document::of(&Response::new(200, "any", body.to_owned())).expect("a document")
    }

    fn body(document: Document) -> String {
        String::from_utf8(document.into_body()).expect("text")
    }

    #[test]
    fn an_object_is_taken_out_of_a_list_but_not_out_of_what_refers_to_it() {
        let mut xml = document(GROUPS);
        assert!(xml.without("groupId", "sg-1"));
        assert!(!xml.without("groupId", "sg-3"));
        let left = body(xml);
        assert!(!left.contains("available") && left.contains("sg-2") && left.contains("sg-1"), "{left}");
        assert!(left.contains("urn:x"), "{left}");

        let mut json = document(r#"{"list":[{"arn":"a"},{"arn":"b","of":{"arn":"a"}}],"arns":["a","b"]}"#);
        assert!(json.without("arn", "a"));
        assert_eq!(body(json), r#"{"arns":["b"],"list":[{"arn":"b","of":{"arn":"a"}}]}"#);
    }

    #[test]
    fn a_state_is_set_where_the_object_is() {
        let mut xml = document(GROUPS);
        assert!(xml.set("groupId", "sg-1", &["state"], "pending"));
        assert!(!xml.set("groupId", "sg-2", &["state"], "pending"));
        assert!(body(xml).contains("<state>pending</state>"));

        let mut json = document(r#"{"c":{"arn":"a","state":{"code":"up"}}}"#);
        assert!(json.set("arn", "a", &["state", "code"], "down"));
        assert_eq!(body(json), r#"{"c":{"arn":"a","state":{"code":"down"}}}"#);
    }

    #[test]
    fn what_a_create_made_is_read_from_its_answer() {
        assert_eq!(document(GROUPS).first("groupId").as_deref(), Some("sg-1"));
        assert_eq!(document(r#"{"a":[{"arn":"x"}]}"#).first("arn").as_deref(), Some("x"));
        assert_eq!(document(r#"{"a":1}"#).first("arn"), None);
        let refused = Response::new(400, "any", "{}".to_owned());
        assert!(Document::of(&refused).is_none());
        let json: Value = serde_json::from_str(r#"{"clusters":["c"]}"#).expect("JSON");
        assert!(mentions(&json, "c") && !mentions(&json, "clusters"));
    }
}
