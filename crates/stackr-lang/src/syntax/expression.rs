//! Expressions: operators by precedence, terms, and what may follow a term.

use stackr_core::Value;

use super::{
    ast::{At, Binary, Call, Expr, Kind, Splat},
    parser::{Parsed, Parser},
};

impl Parser<'_> {
    /// An expression: an operation and perhaps a conditional after it.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.deeper(|p| {
            let condition = p.operation(1)?;
            p.skip()?;
            if !p.eat("?") {
                return Ok(condition);
            }
            let then = p.expression()?;
            p.skip()?;
            p.need(":", "`:` and the value for the other case")?;
            let otherwise = p.expression()?;
            let at = condition.at.to(otherwise.at);
            let heights = [condition.height, then.height, otherwise.height];
            p.expr(Kind::Conditional(Box::new((condition, then, otherwise))), at, &heights)
        })
    }

    /// A chain of binary operators that bind at least as tightly as `level`.
    fn operation(&mut self, level: u8) -> Parsed<Expr> {
        let mut left = self.term_with_traversal()?;
        loop {
            let before = self.pos;
            self.skip()?;
            let Some(operator) = self.operator().filter(|o| o.level() >= level) else {
                self.pos = before;
                return Ok(left);
            };
            self.pos += operator.text().len();
            let right = self.operation(operator.level() + 1)?;
            let at = left.at.to(right.at);
            let heights = [left.height, right.height];
            left = self.expr(Kind::Binary(operator, Box::new((left, right))), at, &heights)?;
        }
    }

    /// The binary operator that is next, without taking it.
    fn operator(&self) -> Option<Binary> {
        use Binary as B;
        const OPERATORS: [Binary; 13] = [
            B::Or,
            B::And,
            B::Equal,
            B::NotEqual,
            B::LessEqual,
            B::GreaterEqual,
            B::Less,
            B::Greater,
            B::Add,
            B::Subtract,
            B::Multiply,
            B::Divide,
            B::Remainder,
        ];
        // In a template, `%{` begins a directive and never follows an operand.
        OPERATORS.into_iter().find(|o| self.looking_at(o.text()))
    }

    fn term_with_traversal(&mut self) -> Parsed<Expr> {
        let term = self.term()?;
        self.traversal(term, false)
    }

    /// What follows a term: `.name`, `.0`, `[key]`, `.*`, `[*]`. Within an attribute splat only names follow.
    fn traversal(&mut self, mut expr: Expr, names_only: bool) -> Parsed<Expr> {
        loop {
            let before = self.pos;
            self.skip()?;
            if self.looking_at("...") {
                self.pos = before;
                return Ok(expr);
            }
            if self.eat(".") {
                self.skip()?;
                expr = self.dot(expr)?;
            } else if !names_only && self.eat("[") {
                expr = self.index(expr)?;
            } else {
                self.pos = before;
                return Ok(expr);
            }
        }
    }

    fn dot(&mut self, source: Expr) -> Parsed<Expr> {
        let height = source.height;
        if self.eat("*") {
            let at = source.at.to(At::new(self.pos, self.pos));
            return self.splat(source, at, true);
        }
        if self.peek().is_some_and(|c| c.is_ascii_digit()) {
            let rest = self.rest();
            let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let at = At::new(self.pos, self.pos + length);
            let Ok(index) = rest[..length].parse::<i64>() else {
                return Err(self.fail(at, "bad index", "No collection has that many elements."));
            };
            self.pos += length;
            let key = self.expr(Kind::Literal(Value::from(index)), at, &[])?;
            let at = source.at.to(at);
            return self.expr(Kind::Index(Box::new((source, key))), at, &[height]);
        }
        let Some((name, at)) = self.name() else {
            return Err(self.expected("the name of an attribute"));
        };
        let at = source.at.to(at);
        self.expr(Kind::Attr(Box::new(source), name.into()), at, &[height])
    }

    fn index(&mut self, source: Expr) -> Parsed<Expr> {
        let open = self.pos - 1;
        self.within(false, Self::skip)?;
        if self.looking_at("*") {
            self.pos += 1;
            self.within(false, Self::skip)?;
            self.need("]", "`]` after `[*`")?;
            let at = source.at.to(At::new(open, self.pos));
            return self.splat(source, at, false);
        }
        let key = self.within(false, |p| {
            let key = p.expression()?;
            p.skip()?;
            p.need("]", "`]` at the end of the index")?;
            Ok(key)
        })?;
        let at = source.at.to(At::new(open, self.pos));
        let heights = [source.height, key.height];
        self.expr(Kind::Index(Box::new((source, key))), at, &heights)
    }

    fn splat(&mut self, source: Expr, at: At, names_only: bool) -> Parsed<Expr> {
        let item = self.expr(Kind::Item, at, &[])?;
        let each = self.deeper(|p| p.traversal(item, names_only))?;
        let at = at.to(each.at);
        let heights = [source.height, each.height];
        self.expr(Kind::Splat(Box::new(Splat { source, each })), at, &heights)
    }

    fn term(&mut self) -> Parsed<Expr> {
        self.skip()?;
        let start = self.pos;
        match self.peek() {
            Some('(') => self.parenthesis(),
            Some('[') => self.tuple(),
            Some('{') => self.object(),
            Some('"') => self.quoted(),
            Some('0'..='9') => self.number(),
            Some('<') if self.looking_at("<<") => self.heredoc(),
            Some(sign @ ('-' | '!')) => {
                self.pos += 1;
                let operand = self.deeper(Self::term_with_traversal)?;
                let (at, height) = (At::new(start, start).to(operand.at), operand.height);
                let operand = Box::new(operand);
                let kind = if sign == '-' { Kind::Negate(operand) } else { Kind::Not(operand) };
                self.expr(kind, at, &[height])
            }
            _ => match self.name() {
                Some((name, at)) => self.named(name, at),
                None => Err(self.expected("an expression")),
            },
        }
    }

    /// A keyword, a call, a variable or a reference.
    fn named(&mut self, name: &str, at: At) -> Parsed<Expr> {
        let before = self.pos;
        self.skip()?;
        if self.looking_at("::") {
            return self.namespaced(name, at);
        }
        if self.looking_at("(") {
            return self.call(name, at);
        }
        self.pos = before;
        let literal = match name {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ if self.free || self.bound.iter().any(|b| **b == *name) => {
                return self.expr(Kind::Variable(name.into()), at, &[]);
            }
            _ => return self.reference(name, at),
        };
        self.expr(Kind::Literal(literal), at, &[])
    }

    /// `core::name(…)` or `provider::aws::name(…)`.
    fn namespaced(&mut self, first: &str, at: At) -> Parsed<Expr> {
        let mut name = first.to_owned();
        let mut end = at;
        while self.eat("::") {
            let Some((part, at)) = self.name() else { return Err(self.expected("the name of a function")) };
            name.push_str("::");
            name.push_str(part);
            end = at;
        }
        self.skip()?;
        if !self.looking_at("(") {
            return Err(self.expected("`(` and the function's arguments"));
        }
        self.call(&name, at.to(end))
    }

    fn call(&mut self, name: &str, name_at: At) -> Parsed<Expr> {
        self.pos += 1;
        let mut args = Vec::new();
        let mut expand = false;
        self.within(false, |p| {
            loop {
                p.skip()?;
                if p.eat(")") {
                    return Ok(());
                }
                args.push(p.expression()?);
                p.skip()?;
                if p.eat("...") {
                    expand = true;
                    p.skip()?;
                    if p.looking_at(",") {
                        let at = At::new(p.pos, p.pos + 1);
                        return Err(p.fail(
                            at,
                            "syntax error",
                            "Only the last argument can be expanded with `...`.",
                        ));
                    }
                    return p.need(")", "`)`");
                }
                if !p.eat(",") && !p.looking_at(")") {
                    return Err(p.expected("`,` or `)`"));
                }
            }
        })?;
        let at = name_at.to(At::new(self.pos, self.pos));
        let heights: Vec<_> = args.iter().map(|a| a.height).collect();
        self.expr(Kind::Call(Box::new(Call { name: name.into(), name_at, args, expand })), at, &heights)
    }

    fn parenthesis(&mut self) -> Parsed<Expr> {
        let start = self.pos;
        self.pos += 1;
        let inner = self.within(false, |p| {
            let inner = p.expression()?;
            p.skip()?;
            p.need(")", "`)`")?;
            Ok(inner)
        })?;
        let height = inner.height;
        self.expr(Kind::Paren(Box::new(inner)), At::new(start, self.pos), &[height])
    }

    fn tuple(&mut self) -> Parsed<Expr> {
        let start = self.pos;
        self.pos += 1;
        let elements = self.within(false, |p| {
            p.skip()?;
            if p.peek_name() == Some("for") {
                return p.for_expression("]").map(Err);
            }
            let mut elements = Vec::new();
            loop {
                p.skip()?;
                if p.eat("]") {
                    return Ok(Ok(elements));
                }
                elements.push(p.expression()?);
                p.skip()?;
                if !p.eat(",") && !p.looking_at("]") {
                    return Err(p.expected("`,` or `]`"));
                }
            }
        })?;
        let at = At::new(start, self.pos);
        match elements {
            Ok(elements) => {
                let heights: Vec<_> = elements.iter().map(|e: &Expr| e.height).collect();
                self.expr(Kind::Tuple(elements), at, &heights)
            }
            Err((each, heights)) => self.expr(Kind::For(Box::new(each)), at, &heights),
        }
    }

    fn object(&mut self) -> Parsed<Expr> {
        let start = self.pos;
        self.pos += 1;
        self.skip_lines()?;
        if self.peek_name() == Some("for") {
            let (each, heights) = self.within(false, |p| p.for_expression("}"))?;
            return self.expr(Kind::For(Box::new(each)), At::new(start, self.pos), &heights);
        }
        let items = self.within(true, |p| {
            let mut items = Vec::new();
            loop {
                p.skip_lines()?;
                if p.eat("}") {
                    return Ok(items);
                }
                let key = p.object_key()?;
                p.skip()?;
                if !p.eat("=") && !p.eat(":") {
                    return Err(p.expected("`=` and a value"));
                }
                items.push((key, p.expression()?));
                p.skip()?;
                if !p.eat(",") && !p.eat("\n") && !p.looking_at("}") {
                    return Err(p.expected("a new line, `,` or `}`"));
                }
            }
        })?;
        let heights: Vec<_> = items.iter().flat_map(|(k, v): &(Expr, Expr)| [k.height, v.height]).collect();
        self.expr(Kind::Object(items), At::new(start, self.pos), &heights)
    }

    /// A key: a plain name stands for itself, anything else is computed.
    fn object_key(&mut self) -> Parsed<Expr> {
        let start = self.pos;
        if let Some((name, at)) = self.name() {
            self.skip()?;
            if (self.looking_at("=") && !self.looking_at("==")) || self.looking_at(":") {
                return self.expr(Kind::Literal(Value::string(name)), at, &[]);
            }
            self.pos = start;
        }
        // Without parentheses this has no value, but `providers` are written so.
        self.expression()
    }
}
