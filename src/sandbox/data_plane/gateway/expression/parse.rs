//! Tokens into a tree, by precedence climbing. Names that nothing here can evaluate are refused now, not when met.

use super::syntax::{Argument, Body, Call, Operator, Part, Plain, Statement, Syntax, Type};
use super::token::{Piece, Token, tokens};
use super::value::Value;
use super::{fixed, member, method, sequence, typing};

/// Nobody nests deeper by hand; the evaluator's stack is bounded by it.
const DEEPEST: usize = 48;

/// Operators by how tightly they bind, loosest first; all of them lean left but `??`.
const LEVELS: &[&[(&str, Operator)]] = &[
    &[("??", Operator::Coalesce)],
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[("==", Operator::Equal), ("!=", Operator::Unequal)],
    &[
        ("<", Operator::Less),
        ("<=", Operator::LessOrEqual),
        (">", Operator::Greater),
        (">=", Operator::GreaterOrEqual),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[
        ("*", Operator::Multiply),
        ("/", Operator::Divide),
        ("%", Operator::Remainder),
    ],
];

/// `is` and `as` stand with the comparisons.
const COMPARISON: usize = 4;

type Parsed<T> = Result<T, String>;

/// `@(…)` or `@{…}`, whole.
pub(super) fn body(text: &str) -> Parsed<Body> {
    let inside = |open: &str, close: char| text.strip_prefix(open)?.strip_suffix(close);
    if let Some(source) = inside("@(", ')') {
        return whole(source, 0).map(Body::Single);
    }
    let source = inside("@{", '}').ok_or("text that is not one expression")?;
    let mut parser = Parser::new(source, 0)?;
    let mut statements = Vec::new();
    while !parser.is_done() {
        statements.push(parser.statement()?);
    }
    Ok(Body::Block(statements))
}

fn whole(source: &str, depth: usize) -> Parsed<Syntax> {
    let mut parser = Parser::new(source, depth)?;
    let parsed = parser.expression()?;
    if parser.is_done() {
        Ok(parsed)
    } else {
        Err(format!("{} in an expression", parser.here()))
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    variables: Vec<String>,
}

impl Parser {
    fn new(source: &str, depth: usize) -> Parsed<Self> {
        Ok(Self {
            tokens: tokens(source)?,
            at: 0,
            depth,
            variables: Vec::new(),
        })
    }

    fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead)
    }

    fn is_sign(&self, ahead: usize, sign: &str) -> bool {
        matches!(self.peek(ahead), Some(Token::Sign(found)) if *found == sign)
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek(ahead), Some(Token::Name(found)) if found == word)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let is_there = self.is_sign(0, sign);
        self.at += usize::from(is_there);
        is_there
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let is_there = self.is_word(0, word);
        self.at += usize::from(is_there);
        is_there
    }

    fn need(&mut self, sign: &str) -> Parsed<()> {
        if self.eat(sign) {
            Ok(())
        } else {
            Err(format!("{} where '{sign}' should be", self.here()))
        }
    }

    fn here(&self) -> String {
        match self.peek(0) {
            Some(Token::Name(name)) => format!("'{name}'"),
            Some(Token::Sign(sign)) => format!("'{sign}'"),
            Some(_) => "a literal".to_owned(),
            None => "the end".to_owned(),
        }
    }

    fn name(&mut self) -> Parsed<String> {
        match self.peek(0) {
            Some(Token::Name(name)) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(format!("{} where a name should be", self.here())),
        }
    }

    /// `name` or `name[]`, if it is a type of the subset.
    fn type_at(&self, ahead: usize) -> Option<(Type, usize)> {
        let Some(Token::Name(name)) = self.peek(ahead) else {
            return None;
        };
        let plain = Plain::named(name)?;
        if self.is_sign(ahead + 1, "[") && self.is_sign(ahead + 2, "]") {
            Some((Type::Array(plain), 3))
        } else {
            Some((Type::Plain(plain), 1))
        }
    }

    fn block(&mut self) -> Parsed<Vec<Statement>> {
        if !self.eat("{") {
            return Ok(vec![self.statement()?]);
        }
        let outer = self.variables.len();
        let mut statements = Vec::new();
        while !self.eat("}") {
            statements.push(self.statement()?);
        }
        self.variables.truncate(outer);
        Ok(statements)
    }

    fn statement(&mut self) -> Parsed<Statement> {
        self.deeper()?;
        let statement = self.statement_here();
        self.depth -= 1;
        statement
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("an expression nested too deeply".to_owned());
        }
        Ok(())
    }

    fn statement_here(&mut self) -> Parsed<Statement> {
        if self.eat_word("if") {
            return self.branch();
        }
        if self.eat_word("foreach") {
            return self.each();
        }
        let statement = if self.eat_word("return") {
            Statement::Return(self.expression()?)
        } else if self.eat_word("throw") {
            Statement::Throw(self.expression()?)
        } else if let Some(taken) = self.declared_type() {
            self.at += taken;
            let name = self.name()?;
            self.need("=")?;
            let value = self.expression()?;
            self.variables.push(name.clone());
            Statement::Declare(name, value)
        } else {
            self.assignment()?
        };
        self.need(";")?;
        Ok(statement)
    }

    /// How many tokens the type of a declaration takes; none when this is no declaration.
    fn declared_type(&self) -> Option<usize> {
        let taken = match self.type_at(0) {
            Some((_, taken)) => taken,
            None if self.is_word(0, "var") => 1,
            None => return None,
        };
        matches!(self.peek(taken), Some(Token::Name(_))).then_some(taken)
    }

    fn assignment(&mut self) -> Parsed<Statement> {
        let name = self.name()?;
        if !self.variables.contains(&name) {
            return Err(format!("the statement '{name} …'"));
        }
        let old = Syntax::Name(name.clone());
        let sum = |operator, value| Syntax::Binary(operator, Box::new(old), Box::new(value));
        let value = if self.eat("=") {
            self.expression()?
        } else if self.eat("+=") {
            sum(Operator::Add, self.expression()?)
        } else if self.eat("-=") {
            sum(Operator::Subtract, self.expression()?)
        } else if self.eat("++") {
            sum(Operator::Add, Syntax::Literal(Value::Int(1)))
        } else {
            return Err(format!("the statement '{name} …'"));
        };
        Ok(Statement::Assign(name, value))
    }

    fn branch(&mut self) -> Parsed<Statement> {
        self.need("(")?;
        let condition = self.expression()?;
        self.need(")")?;
        let then = self.block()?;
        let otherwise = if self.eat_word("else") {
            self.block()?
        } else {
            Vec::new()
        };
        Ok(Statement::If(condition, then, otherwise))
    }

    fn each(&mut self) -> Parsed<Statement> {
        self.need("(")?;
        let taken = self
            .declared_type()
            .ok_or_else(|| format!("{} in a foreach", self.here()))?;
        self.at += taken;
        let name = self.name()?;
        if !self.eat_word("in") {
            return Err(format!("{} in a foreach", self.here()));
        }
        let over = self.expression()?;
        self.need(")")?;
        self.variables.push(name.clone());
        let body = self.block();
        self.variables.pop();
        Ok(Statement::ForEach(name, over, body?))
    }

    fn expression(&mut self) -> Parsed<Syntax> {
        self.deeper()?;
        let parsed = self.conditional();
        self.depth -= 1;
        parsed
    }

    fn conditional(&mut self) -> Parsed<Syntax> {
        let condition = self.binary(0)?;
        if !self.eat("?") {
            return Ok(condition);
        }
        let then = self.expression()?;
        self.need(":")?;
        let otherwise = self.expression()?;
        let [condition, then, otherwise] = [condition, then, otherwise].map(Box::new);
        Ok(Syntax::Conditional(condition, then, otherwise))
    }

    fn binary(&mut self, level: usize) -> Parsed<Syntax> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        loop {
            if level == COMPARISON
                && let Some(test) = self.type_test(&left)?
            {
                left = test;
                continue;
            }
            let found = operators.iter().find(|(sign, _)| self.is_sign(0, sign));
            let Some((_, operator)) = found else {
                return Ok(left);
            };
            self.at += 1;
            // `a ?? b ?? c` takes the rest as its right side.
            let next = match operator {
                Operator::Coalesce => level,
                _ => level + 1,
            };
            self.deeper()?;
            let right = self.binary(next)?;
            self.depth -= 1;
            typing::check(*operator, &left, &right)?;
            left = Syntax::Binary(*operator, Box::new(left), Box::new(right));
        }
    }

    fn type_test(&mut self, of: &Syntax) -> Parsed<Option<Syntax>> {
        let make = if self.is_word(0, "is") {
            Syntax::Is
        } else if self.is_word(0, "as") {
            Syntax::As
        } else {
            return Ok(None);
        };
        self.at += 1;
        let (wanted, taken) = self
            .type_at(0)
            .ok_or_else(|| format!("{} as a type", self.here()))?;
        self.at += taken;
        Ok(Some(make(wanted, Box::new(of.clone()))))
    }

    fn unary(&mut self) -> Parsed<Syntax> {
        self.deeper()?;
        let parsed = if self.eat("!") {
            self.unary().map(|of| Syntax::Not(Box::new(of)))
        } else if self.eat("-") {
            self.unary().map(|of| Syntax::Negative(Box::new(of)))
        } else if let Some((wanted, taken)) = self.cast() {
            self.at += taken;
            self.unary().map(|of| Syntax::Cast(wanted, Box::new(of)))
        } else {
            let first = self.primary()?;
            self.chain(first)
        };
        self.depth -= 1;
        parsed
    }

    fn cast(&self) -> Option<(Type, usize)> {
        if !self.is_sign(0, "(") {
            return None;
        }
        let (wanted, taken) = self.type_at(1)?;
        self.is_sign(taken + 1, ")").then_some((wanted, taken + 2))
    }

    fn primary(&mut self) -> Parsed<Syntax> {
        if self.eat("(") {
            let inner = self.expression()?;
            self.need(")")?;
            return Ok(inner);
        }
        let Some(token) = self.peek(0).cloned() else {
            return Err("the end where a value should be".to_owned());
        };
        if let Token::Name(name) = token {
            return self.named(name);
        }
        let literal = match token {
            Token::Integer { digits, is_long } => integer(&digits, is_long)?,
            Token::Real(number) => Value::Real(number),
            Token::Text(text) => text.into(),
            Token::Character(letter) => Value::Char(letter),
            Token::Interpolated(pieces) => {
                self.at += 1;
                return self.interpolated(pieces);
            }
            Token::Name(_) | Token::Sign(_) => {
                return Err(format!("{} where a value should be", self.here()));
            }
        };
        self.at += 1;
        Ok(Syntax::Literal(literal))
    }

    fn named(&mut self, name: String) -> Parsed<Syntax> {
        self.at += 1;
        match name.as_str() {
            "true" => return Ok(Syntax::Literal(true.into())),
            "false" => return Ok(Syntax::Literal(false.into())),
            "null" => return Ok(Syntax::Literal(Value::Null)),
            "new" => return self.construction(),
            _ => {}
        }
        // A variable hides a type of its name.
        if name == "context" || self.variables.contains(&name) {
            return Ok(Syntax::Name(name));
        }
        self.at -= 1;
        let Some((owner, taken)) = self.type_at(0) else {
            return Err(format!("the name '{name}'"));
        };
        self.at += taken;
        self.need(".")?;
        let member = self.name()?;
        if !fixed::is_known(owner, &member) {
            return Err(format!("{name}.{member}"));
        }
        if self.eat("(") {
            return Ok(Syntax::StaticCall(owner, member, self.arguments()?));
        }
        Ok(Syntax::StaticMember(owner, member))
    }

    fn construction(&mut self) -> Parsed<Syntax> {
        let is_array = if self.eat("[") {
            self.need("]")?;
            true
        } else {
            let (made, taken) = self
                .type_at(0)
                .ok_or_else(|| format!("new {}", self.here()))?;
            self.at += taken;
            match made {
                Type::Array(_) => true,
                Type::Plain(_) if self.eat("(") => {
                    return Ok(Syntax::New(made, self.arguments()?));
                }
                Type::Plain(_) => false,
            }
        };
        if !is_array {
            return Err(format!("new … {}", self.here()));
        }
        self.need("{")?;
        let mut elements = Vec::new();
        while !self.eat("}") {
            elements.push(self.expression()?);
            if !self.eat(",") {
                self.need("}")?;
                break;
            }
        }
        Ok(Syntax::Array(elements))
    }

    fn interpolated(&self, pieces: Vec<Piece>) -> Parsed<Syntax> {
        let parts = pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) => Ok(Part::Text(text)),
            Piece::Source(source) => {
                let mut inner = Self::new(&source, self.depth + 1)?;
                inner.variables.clone_from(&self.variables);
                let hole = inner.expression()?;
                if inner.is_done() {
                    Ok(Part::Hole(hole))
                } else {
                    Err(format!("the format in '{{{source}}}'"))
                }
            }
        });
        parts.collect::<Parsed<Vec<_>>>().map(Syntax::Interpolated)
    }

    /// Members, indexers and calls behind a value.
    fn chain(&mut self, mut on: Syntax) -> Parsed<Syntax> {
        let mut links = 0;
        loop {
            links += 1;
            if links > DEEPEST {
                return Err("a chain of members too long".to_owned());
            }
            if self.is_sign(0, "?.") || self.is_sign(0, "?[") {
                let is_member = self.is_sign(0, "?.");
                self.at += 1;
                let first = if is_member {
                    self.link(Syntax::Receiver)?
                } else {
                    self.index(Syntax::Receiver)?
                };
                self.deeper()?;
                let then = self.chain(first)?;
                self.depth -= 1;
                return Ok(Syntax::Chain {
                    of: Box::new(on),
                    then: Box::new(then),
                });
            }
            on = if self.eat(".") {
                self.link(on)?
            } else if self.eat("[") {
                self.index(on)?
            } else {
                return Ok(on);
            };
        }
    }

    fn index(&mut self, on: Syntax) -> Parsed<Syntax> {
        let index = self.expression()?;
        self.need("]")?;
        Ok(Syntax::Index(Box::new(on), Box::new(index)))
    }

    fn link(&mut self, on: Syntax) -> Parsed<Syntax> {
        let name = self.name()?;
        let generic = self.generic();
        if !self.eat("(") {
            return if generic.is_none() && member::is_known(&name) {
                Ok(Syntax::Member(Box::new(on), name))
            } else {
                Err(format!("the member '{name}'"))
            };
        }
        if !method::is_known(&name) && !sequence::is_known(&name) {
            return Err(format!("the method '{name}'"));
        }
        Ok(Syntax::Call(Call {
            on: Box::new(on),
            name,
            generic,
            arguments: self.arguments()?,
        }))
    }

    /// `<T>` before a bracket.
    fn generic(&mut self) -> Option<Type> {
        if !self.is_sign(0, "<") {
            return None;
        }
        let (found, taken) = self.type_at(1)?;
        let is_one = self.is_sign(taken + 1, ">") && self.is_sign(taken + 2, "(");
        self.at += if is_one { taken + 2 } else { 0 };
        is_one.then_some(found)
    }

    /// Behind the opening bracket, up to and with the closing one.
    fn arguments(&mut self) -> Parsed<Vec<Argument>> {
        let mut arguments = Vec::new();
        if self.eat(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.argument()?);
            if self.eat(")") {
                return Ok(arguments);
            }
            self.need(",")?;
        }
    }

    fn argument(&mut self) -> Parsed<Argument> {
        // The name of a parameter (`preserveContent: true`) says nothing its value does not.
        if self.is_word(0, "preserveContent") && self.is_sign(1, ":") {
            self.at += 2;
        }
        let is_bare = matches!(self.peek(0), Some(Token::Name(_))) && self.is_sign(1, "=>");
        let is_bracketed = self.is_sign(0, "(")
            && matches!(self.peek(1), Some(Token::Name(_)))
            && self.is_sign(2, ")")
            && self.is_sign(3, "=>");
        if !is_bare && !is_bracketed {
            return self.expression().map(Argument::Given);
        }
        self.at += usize::from(is_bracketed);
        let parameter = self.name()?;
        self.at += usize::from(is_bracketed) + 1;
        self.variables.push(parameter.clone());
        let body = self.expression();
        self.variables.pop();
        Ok(Argument::Lambda(parameter, Box::new(body?)))
    }
}

/// An `int` where it fits, a `long` otherwise.
fn integer(digits: &str, is_long: bool) -> Parsed<Value> {
    let short: Option<i32> = digits.parse().ok().filter(|_| !is_long);
    match (short, digits.parse::<i64>()) {
        (Some(number), _) => Ok(Value::Int(number)),
        (None, Ok(number)) => Ok(Value::Long(number)),
        (None, Err(_)) => Err(format!("the number {digits}")),
    }
}
