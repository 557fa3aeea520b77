//! The contract as TypeScript: types in jco's naming, and shapes for `bindings/js/src/core/abi.ts`.

use crate::model::{Case, Contract, Definition, Field, Function, Interface, Named, Type};
use std::fmt::Write;

const TYPES: &str = "\
// The types of the contract. tools/contract makes this of wit/, where each has more words.
";

const SHAPES: &str = "\
// The shapes of the contract's types and functions, for abi.ts. tools/contract makes this of wit/.

";

/// The text of `bindings/js/src/core/contract.ts`.
pub(crate) fn types(contract: &Contract) -> String {
    let printer = Printer { contract };
    let mut out = TYPES.to_string();
    for interface in &contract.interfaces {
        for named in &interface.types {
            printer.named(&mut out, interface, named);
        }
    }
    for interface in with_functions(contract) {
        printer.interface(&mut out, interface);
    }
    out += "\n/** What the core can be called for, by interface. */\nexport interface Contract {\n";
    for Interface { name, .. } in with_functions(contract) {
        let _ = writeln!(out, "  readonly {}: {};", camel(name), pascal(name));
    }
    out + "}\n"
}

/// The text of `bindings/js/src/core/shapes.ts`.
pub(crate) fn shapes(contract: &Contract) -> String {
    let printer = Printer { contract };
    let mut out = SHAPES.to_string();
    out += "import type { FunctionShape, Shape } from \"./abi.js\";\n";
    out += "import type { Contract } from \"./contract.js\";\n";
    let enums = contract.interfaces.iter().flat_map(|interface| {
        let enums = interface.types.iter().filter(|t| matches!(t.definition, Definition::Enum(_)));
        enums.map(|named| contract.type_name(&interface.name, &named.name, pascal))
    });
    let enums: Vec<String> = enums.collect();
    let _ = writeln!(out, "import {{ {} }} from \"./contract.js\";", enums.join(", "));
    for interface in &contract.interfaces {
        for named in &interface.types {
            printer.shape_of(&mut out, interface, named);
        }
    }
    out += "\n/** The shape of each function, by its place in `Contract`. */\n";
    out += "export const functions: {\n";
    out +=
        "  readonly [I in keyof Contract]: { readonly [F in keyof Contract[I]]: FunctionShape };\n";
    out += "} = {\n";
    for interface in with_functions(contract) {
        let _ = writeln!(out, "  {}: {{", camel(&interface.name));
        for function in &interface.functions {
            printer.function_shape(&mut out, function);
        }
        out += "  },\n";
    }
    out + "};\n"
}

fn with_functions(contract: &Contract) -> impl Iterator<Item = &Interface> {
    contract.interfaces.iter().filter(|interface| !interface.functions.is_empty())
}

struct Printer<'a> {
    contract: &'a Contract,
}

impl Printer<'_> {
    fn named(&self, out: &mut String, interface: &Interface, named: &Named) {
        let name = self.contract.type_name(&interface.name, &named.name, pascal);
        out.push('\n');
        doc(out, "", &summary(&named.docs));
        let _ = match &named.definition {
            Definition::Alias(is) => writeln!(out, "export type {name} = {};", self.of(is)),
            Definition::Record(fields) => {
                let _ = writeln!(out, "export interface {name} {{");
                for Field { name, is, .. } in fields {
                    let _ = writeln!(out, "  readonly {};", self.member(name, is, true));
                }
                writeln!(out, "}}")
            }
            Definition::Variant(cases) => {
                let _ = write!(out, "export type {name} =");
                for Case { name, value, .. } in cases {
                    out.push('\n');
                    // An empty case names `val` too, so that both can be taken apart together.
                    let value = value
                        .as_ref()
                        .map_or("val?: undefined".into(), |is| format!("val: {}", self.of(is)));
                    let _ = write!(out, "  | {{ readonly tag: {name:?}; readonly {value} }}");
                }
                writeln!(out, ";")
            }
            Definition::Enum(cases) => {
                let _ = write!(out, "export type {name} =");
                for Case { name, .. } in cases {
                    out.push('\n');
                    let _ = write!(out, "  | {name:?}");
                }
                let _ = writeln!(out, ";");
                let _ = writeln!(out, "\n/** Its cases, by their numbers. */");
                let cases: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
                writeln!(out, "export const {name}: readonly {name}[] = {cases:?};")
            }
        };
    }

    fn interface(&self, out: &mut String, interface: &Interface) {
        out.push('\n');
        doc(out, "", &summary(&interface.docs));
        let _ = writeln!(out, "export interface {} {{", pascal(&interface.name));
        for function in &interface.functions {
            doc(out, "  ", &failing(self, function));
            let count = function.parameters.len();
            let options = function.parameters.iter().rev();
            let may_lack = options.take_while(|p| matches!(p.is, Type::Option(_))).count();
            let parameters: Vec<String> = (0..)
                .zip(&function.parameters)
                .map(|(at, Field { name, is, .. })| self.member(name, is, at >= count - may_lack))
                .collect();
            let gives = function.gives.as_ref().map_or("void".into(), |is| self.of(is));
            let (name, parameters) = (camel(&function.name), parameters.join(", "));
            let _ = writeln!(out, "  {name}({parameters}): {gives};");
        }
        out.push_str("}\n");
    }

    /// `name: type`; an option may be left out where `may_lack`.
    fn member(&self, name: &str, is: &Type, may_lack: bool) -> String {
        let mark = if may_lack && matches!(is, Type::Option(_)) { "?" } else { "" };
        format!("{}{mark}: {}", camel(name), self.of(is))
    }

    fn of(&self, is: &Type) -> String {
        match is {
            Type::Bool => "boolean".into(),
            Type::U16 | Type::U32 | Type::F64 => "number".into(),
            Type::U64 => "bigint".into(),
            Type::String => "string".into(),
            Type::Bytes => "Uint8Array".into(),
            Type::List(inner) => match self.of(inner) {
                inner if inner.contains(' ') => format!("readonly ({inner})[]"),
                inner => format!("readonly {inner}[]"),
            },
            Type::Option(inner) => format!("{} | undefined", self.of(inner)),
            Type::Named { interface, name } => self.contract.type_name(interface, name, pascal),
        }
    }

    fn shape_of(&self, out: &mut String, interface: &Interface, named: &Named) {
        let name = self.contract.type_name(&interface.name, &named.name, pascal);
        let pair = |name: String, is: Option<&Type>| match is {
            Some(is) => format!("    [{name:?}, {}],\n", self.shape(is)),
            None => format!("    [{name:?}],\n"),
        };
        let _ = write!(out, "\nexport const {}: Shape = ", shape_name(&name));
        let _ = match &named.definition {
            Definition::Alias(is) => writeln!(out, "{};", self.shape(is)),
            Definition::Record(fields) => {
                let pairs = fields.iter().map(|field| pair(camel(&field.name), Some(&field.is)));
                writeln!(out, "{{\n  record: [\n{}  ],\n}};", pairs.collect::<String>())
            }
            Definition::Variant(cases) => {
                let pairs = cases.iter().map(|case| pair(case.name.clone(), case.value.as_ref()));
                writeln!(out, "{{\n  variant: [\n{}  ],\n}};", pairs.collect::<String>())
            }
            Definition::Enum(_) => writeln!(out, "{{ enum: {name} }};"),
        };
    }

    fn function_shape(&self, out: &mut String, function: &Function) {
        let shapes: Vec<String> = function.parameters.iter().map(|p| self.shape(&p.is)).collect();
        let _ = writeln!(out, "    {}: {{", camel(&function.name));
        let _ = writeln!(out, "      name: {:?},", function.export);
        let _ = writeln!(out, "      parameters: [{}],", shapes.join(", "));
        if let Some(is) = &function.gives {
            let _ = writeln!(out, "      gives: {},", self.shape(is));
        }
        if let Some(is) = &function.fails {
            let _ = writeln!(out, "      fails: {},", self.shape(is));
        }
        out.push_str("    },\n");
    }

    fn shape(&self, is: &Type) -> String {
        match is {
            Type::Bool => "\"bool\"".into(),
            Type::U16 => "\"u16\"".into(),
            Type::U32 => "\"u32\"".into(),
            Type::U64 => "\"u64\"".into(),
            Type::F64 => "\"f64\"".into(),
            Type::String => "\"string\"".into(),
            Type::Bytes => "\"bytes\"".into(),
            Type::List(inner) => format!("{{ list: {} }}", self.shape(inner)),
            Type::Option(inner) => format!("{{ option: {} }}", self.shape(inner)),
            Type::Named { interface, name } => {
                shape_name(&self.contract.type_name(interface, name, pascal))
            }
        }
    }
}

/// A function's documentation, with what it throws.
fn failing(printer: &Printer<'_>, function: &Function) -> String {
    let docs = summary(&function.docs);
    let Some(fails) = &function.fails else { return docs };
    format!("{docs}\n\n@throws ContractError with a `{}`.", printer.of(fails))
}

/// The first sentence of a text: the declarations are in every copy of the package, wit/ has the rest.
fn summary(docs: &str) -> String {
    let paragraph = docs.split("\n\n").next().unwrap_or_default().trim_end();
    let end = [". ", ".\n"].iter().filter_map(|end| paragraph.find(end)).min();
    paragraph[..end.map_or(paragraph.len(), |end| end + 1)].to_owned()
}

/// Writes a documentation comment, if there is one.
fn doc(out: &mut String, indent: &str, docs: &str) {
    if docs.is_empty() {
        return;
    }
    let docs = docs.replace("*/", "*\\/");
    if !docs.contains('\n') {
        let _ = writeln!(out, "{indent}/** {docs} */");
        return;
    }
    let _ = writeln!(out, "{indent}/**");
    for line in docs.lines() {
        let _ = writeln!(out, "{}", format!("{indent} * {line}").trim_end());
    }
    let _ = writeln!(out, "{indent} */");
}

fn shape_name(name: &str) -> String {
    name[..1].to_lowercase() + &name[1..] + "Shape"
}

/// `span-id` as `SpanId`.
fn pascal(name: &str) -> String {
    name.split('-').map(|word| word[..1].to_uppercase() + &word[1..].to_lowercase()).collect()
}

/// `span-id` as `spanId`.
fn camel(name: &str) -> String {
    let name = pascal(name);
    name[..1].to_lowercase() + &name[1..]
}

#[cfg(test)]
mod tests {
    use crate::model;
    use anyhow::Result;
    use wit_parser::Resolve;

    fn printed(fields: &str) -> Result<String> {
        let wit = format!(
            "package a:b@1.0.0;
             interface shop {{
               /// What is sold.
               record item {{ {fields} }}
               enum why {{ sold-out }}
               /// Buys it.
               buy: func(item: item, coupon: option<string>) -> result<u64, why>;
             }}
             world core {{ export shop; }}"
        );
        let mut resolve = Resolve::default();
        let package = resolve.push_source("test.wit", &wit)?;
        let contract = model::read(&resolve, package, "core")?;
        Ok(super::types(&contract) + &super::shapes(&contract))
    }

    #[test]
    fn a_changed_record_changes_the_types_and_the_shapes() {
        let before = printed("a-name: string").unwrap();
        assert!(before.contains(
            "/** What is sold. */\nexport interface Item {\n  readonly aName: string;\n}"
        ));
        assert!(before.contains("buy(item: Item, coupon?: string | undefined): bigint;"));
        assert!(before.contains("record: [\n    [\"aName\", \"string\"],\n  ],"));
        assert!(before.contains("name: \"a:b/shop@1.0.0#buy\","));
        assert!(before.contains("parameters: [itemShape, { option: \"string\" }],"));
        let after = printed("a-name: string, price: option<f64>").unwrap();
        assert!(
            after.contains("  readonly aName: string;\n  readonly price?: number | undefined;\n")
        );
        assert!(
            after.contains("    [\"aName\", \"string\"],\n    [\"price\", { option: \"f64\" }],\n")
        );
    }

    #[test]
    fn what_the_glue_cannot_pass_is_refused_by_name() {
        for (field, why) in [
            ("a: char", "Char is not supported"),
            ("a: tuple<u32, u32>", "`tuple` is not supported"),
            ("a: s64", "S64 is not supported"),
            ("a: result<u32>", "only as what a function gives"),
            ("a: option<option<u32>>", "an option of an option"),
        ] {
            let refused =
                printed(field).err().map(|error| format!("{error:#}")).unwrap_or_default();
            assert!(refused.contains(why), "{field}: {refused}");
            assert!(refused.contains("a:b/shop@1.0.0: type `item`"), "{field}: {refused}");
        }
    }
}
