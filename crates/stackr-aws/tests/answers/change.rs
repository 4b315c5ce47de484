//! How an answer is changed: in the structure of its XML or JSON mostly, in its bytes now and then, or not at all.

use stackr_fuzz::{EXTREMES, Random};
use xmltree::{Element, XMLNode};

use crate::wire::Answer;

/// What answers have in their fields: at the limits, of other types, and of other operations.
const WORDS: &[&str] = &[
    "",
    "true",
    "false",
    "available",
    "deleted",
    "DELETE_COMPLETE",
    "INACTIVE",
    "2038-01-19T03:14:08Z",
    "1e400",
    "-1",
    "arn:aws:",
    "arn:aws:elasticloadbalancing:::",
    "::::::",
    "10.0.0.0/8",
    "10.0.0.0/99",
    "0.0.0.0/0",
    "vpc-",
    "%7B%22Version%22%3A",
    "%ff%fe",
    "{\"Version\":\"2012-10-17\",\"Statement\":[{}]}",
    "{\"a\":[[[[1]]]]}",
    "/hostedzone/",
    "\\052.example.com.",
    "\\777",
    "\\",
    ".",
    "*",
    "AWS_NEVER_HEARD_OF",
];

/// Changes an answer, one time in sixteen not at all.
pub(crate) fn answer(answer: &mut Answer, random: &mut Random) {
    if random.one_in(40) {
        answer.status = [200, 204, 400, 403, 404, 429, 500, 503][random.below(8)];
    }
    if random.one_in(16) {
        return;
    }
    for _ in 0..1 + random.mostly(3, 8) {
        match random.below(24) {
            0 => answer.body.truncate(random.below(answer.body.len() + 1)),
            1 => {
                let at = random.below(answer.body.len());
                if let Some(byte) = answer.body.get_mut(at) {
                    *byte = u8::try_from(random.below(256)).unwrap_or(0);
                }
            }
            _ => structure(&mut answer.body, random),
        }
    }
}

fn structure(body: &mut Vec<u8>, random: &mut Random) {
    if body.first() == Some(&b'<') {
        let Ok(mut root) = Element::parse(body.as_slice()) else { return };
        let at = random.below(size(&root));
        change(&mut root, at, random);
        let mut changed = Vec::new();
        // What cannot be written is no XML.
        if root.write(&mut changed).is_ok() {
            *body = changed;
        }
    } else if let Some(changed) = stackr_fuzz::change_json(body, random) {
        *body = changed;
    }
}

/// A text, changed.
pub(crate) fn text(text: &str, random: &mut Random) -> String {
    let at = random.below(text.chars().count() + 1);
    let at = text.char_indices().nth(at).map_or(text.len(), |(at, _)| at);
    let (head, tail) = text.split_at(at);
    match random.below(6) {
        0 => head.to_owned(),
        1 => tail.to_owned(),
        2 => format!("{head}{}{tail}", word(random)),
        3 => text.repeat(random.below(20)),
        4 => text.replace(['/', ':', '_', '-', ','], word(random)),
        _ => word(random).to_owned(),
    }
}

fn word(random: &mut Random) -> &'static str {
    let all = if random.one_in(2) { EXTREMES } else { WORDS };
    all[random.below(all.len())]
}

fn size(element: &Element) -> usize {
    1 + element.children.iter().filter_map(XMLNode::as_element).map(size).sum::<usize>()
}

/// Changes the element at this place, counted from the outside in.
fn change(element: &mut Element, mut at: usize, random: &mut Random) {
    if at == 0 {
        return here(element, random);
    }
    at -= 1;
    for child in element.children.iter_mut().filter_map(XMLNode::as_mut_element) {
        let size = size(child);
        if at < size {
            return change(child, at, random);
        }
        at -= size;
    }
}

fn here(element: &mut Element, random: &mut Random) {
    let count = element.children.len();
    let is_leaf = !element.children.iter().any(|child| child.as_element().is_some());
    match (is_leaf, random.below(10)) {
        (true, 0..6) => {
            let old = element.get_text().map(|text| text.into_owned()).unwrap_or_default();
            element.children = vec![XMLNode::Text(text(&old, random))];
        }
        (_, 6) => element.children.clear(),
        (_, 7) => element.children = vec![XMLNode::Text(word(random).to_owned())],
        (false, 0..3) => drop(element.children.remove(random.below(count))),
        (false, 3) => {
            let one = element.children[random.below(count)].clone();
            element.children.extend(std::iter::repeat_n(one, 1 + random.mostly(2, 30)));
        }
        (false, 4) => element.children.swap(random.below(count), random.below(count)),
        (false, 5) => {
            // A field of another name: in a list, what is no member.
            let (from, to) = (random.below(count), random.below(count));
            let name = element.children[to].as_element().map(|child| child.name.clone());
            if let (Some(name), Some(child)) = (name, element.children[from].as_mut_element()) {
                child.name = name;
            }
        }
        (_, 8) => {
            let mut inner = Element::new(&element.name);
            std::mem::swap(&mut inner.children, &mut element.children);
            element.children = vec![XMLNode::Element(inner)];
        }
        _ => element.children.push(XMLNode::Text(word(random).to_owned())),
    }
}

/// What a list says that goes on.
const MORE: &[(&str, &str)] = &[
    ("nextToken", "again"),
    ("NextToken", "again"),
    ("NextMarker", "again"),
    ("Marker", "again"),
    ("IsTruncated", "true"),
    ("NextRecordName", "a.dev.durable-code.example."),
    ("NextRecordType", "A"),
    ("NextDNSName", "dev.durable-code.example."),
    ("NextHostedZoneId", "Z1"),
];

/// Makes a list lead on: to the same page, whichever it was.
pub(crate) fn endless(answer: &mut Answer) {
    if let Ok(serde_json::Value::Object(mut json)) = serde_json::from_slice(&answer.body) {
        json.extend(MORE.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
        answer.body = serde_json::Value::Object(json).to_string().into_bytes();
    } else if let Ok(mut root) = Element::parse(answer.body.as_slice()) {
        lead_on(&mut root);
        // In the query protocol a list is one level further in.
        root.children.iter_mut().filter_map(XMLNode::as_mut_element).for_each(lead_on);
        answer.body.clear();
        drop(root.write(&mut answer.body));
    }
}

fn lead_on(element: &mut Element) {
    element
        .children
        .retain(|child| child.as_element().is_none_or(|e| !MORE.iter().any(|(n, _)| e.name == *n)));
    for (name, value) in MORE {
        let mut token = Element::new(name);
        token.children = vec![XMLNode::Text((*value).to_owned())];
        element.children.push(XMLNode::Element(token));
    }
}
