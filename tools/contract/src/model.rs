//! The contract as printers need it: the interfaces that a world exports, with their types and functions.
//!
//! It knows only the types that the contract uses. For any other it fails, and says which and where,
//! so that no printer and no glue can pass over one in silence.

use anyhow::{Context, Result, bail};
use std::collections::HashSet;
use wit_parser::{
    Docs, FunctionKind, Interface as WitInterface, PackageId, Resolve, Type as WitType,
    TypeDefKind, TypeId, TypeOwner, WorldItem, WorldKey,
};

/// The exports of a world, in the order in which they were written.
pub(crate) struct Contract {
    pub(crate) interfaces: Vec<Interface>,
}

impl Contract {
    /// The name of a type in a language, which `pascal` spells. Where several interfaces have the type,
    /// the last one's is the plain name, and the others' begin with their interface.
    pub(crate) fn type_name(
        &self,
        interface: &str,
        name: &str,
        pascal: fn(&str) -> String,
    ) -> String {
        let has = |i: &&Interface| i.types.iter().any(|named| named.name == name);
        match self.interfaces.iter().rfind(has) {
            Some(last) if last.name != interface => pascal(interface) + &pascal(name),
            _ => pascal(name),
        }
    }
}

/// An exported interface.
pub(crate) struct Interface {
    /// Its name alone, such as `tracing`.
    pub(crate) name: String,
    pub(crate) docs: String,
    /// Its own types; each comes after those that it uses.
    pub(crate) types: Vec<Named>,
    pub(crate) functions: Vec<Function>,
}

/// A type with a name.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) definition: Definition,
}

/// What a name stands for.
pub(crate) enum Definition {
    Alias(Type),
    Record(Vec<Field>),
    Variant(Vec<Case>),
    /// The cases have no values.
    Enum(Vec<Case>),
}

/// A field of a record, or a parameter of a function.
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) is: Type,
}

/// A case of a variant or an enum.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) value: Option<Type>,
}

/// An exported function.
pub(crate) struct Function {
    pub(crate) name: String,
    /// The name of the core module's export, such as `witspan:llmobs/tracing@0.2.0#finish`.
    pub(crate) export: String,
    pub(crate) docs: String,
    pub(crate) parameters: Vec<Field>,
    /// What it gives; of a `result` the good one.
    pub(crate) gives: Option<Type>,
    /// What it fails with, if it gives a `result`.
    pub(crate) fails: Option<Type>,
}

/// The type of a value.
pub(crate) enum Type {
    Bool,
    U16,
    U32,
    U64,
    F64,
    String,
    /// `list<u8>`.
    Bytes,
    List(Box<Type>),
    Option(Box<Type>),
    Named {
        interface: String,
        name: String,
    },
}

/// Reads what the world of that name exports.
pub(crate) fn read(resolve: &Resolve, package: PackageId, world: &str) -> Result<Contract> {
    let id = resolve.select_world(&[package], Some(world))?;
    let mut interfaces = Vec::new();
    for (key, item) in &resolve.worlds[id].exports {
        let (WorldKey::Interface(_), WorldItem::Interface { id, .. }) = (key, item) else {
            bail!("`{}` of the world is no interface with a name", resolve.name_world_key(key));
        };
        let export = resolve.name_world_key(key);
        let interface = &resolve.interfaces[*id];
        let read = Reader { resolve, owner: TypeOwner::Interface(*id) };
        interfaces.push(read.interface(interface, &export).with_context(|| export.clone())?);
    }
    Ok(Contract { interfaces })
}

/// Reads one interface.
struct Reader<'a> {
    resolve: &'a Resolve,
    owner: TypeOwner,
}

impl Reader<'_> {
    fn interface(&self, interface: &WitInterface, export: &str) -> Result<Interface> {
        let name = interface.name.clone().context("an interface without a name")?;
        let mut types = Vec::new();
        let mut done = HashSet::new();
        for (name, id) in &interface.types {
            self.named(*id, &mut done, &mut types).with_context(|| format!("type `{name}`"))?;
        }
        let functions = interface
            .functions
            .values()
            .map(|function| {
                self.function(function, export)
                    .with_context(|| format!("function `{}`", function.name))
            })
            .collect::<Result<_>>()?;
        Ok(Interface { name, docs: text(&interface.docs), types, functions })
    }

    /// Adds a type of this interface, after those of this interface that it uses.
    fn named(&self, id: TypeId, done: &mut HashSet<TypeId>, types: &mut Vec<Named>) -> Result<()> {
        let found = &self.resolve.types[id];
        if found.owner != self.owner || self.original(id) != id || !done.insert(id) {
            return Ok(());
        }
        for used in uses(&found.kind) {
            self.inner(used, done, types)?;
        }
        let definition = match &found.kind {
            TypeDefKind::Record(record) => Definition::Record(
                record
                    .fields
                    .iter()
                    .map(|field| self.field(&field.name, text(&field.docs), &field.ty))
                    .collect::<Result<_>>()?,
            ),
            TypeDefKind::Variant(variant) => Definition::Variant(
                variant
                    .cases
                    .iter()
                    .map(|case| {
                        let value = case.ty.as_ref().map(|ty| self.value(ty)).transpose();
                        let value = value.with_context(|| format!("case `{}`", case.name))?;
                        Ok(Case { name: case.name.clone(), docs: text(&case.docs), value })
                    })
                    .collect::<Result<_>>()?,
            ),
            TypeDefKind::Enum(cases) => Definition::Enum(
                cases
                    .cases
                    .iter()
                    .map(|case| Case {
                        name: case.name.clone(),
                        docs: text(&case.docs),
                        value: None,
                    })
                    .collect(),
            ),
            kind => Definition::Alias(self.kind(kind)?),
        };
        let name = found.name.clone().context("a type without a name")?;
        types.push(Named { name, docs: text(&found.docs), definition });
        Ok(())
    }

    /// The named types in a type.
    fn inner(
        &self,
        used: &WitType,
        done: &mut HashSet<TypeId>,
        types: &mut Vec<Named>,
    ) -> Result<()> {
        let WitType::Id(id) = used else { return Ok(()) };
        if self.resolve.types[*id].name.is_some() {
            return self.named(self.original(*id), done, types);
        }
        for used in uses(&self.resolve.types[*id].kind) {
            self.inner(used, done, types)?;
        }
        Ok(())
    }

    fn function(&self, function: &wit_parser::Function, export: &str) -> Result<Function> {
        if function.kind != FunctionKind::Freestanding {
            bail!("only plain functions are supported");
        }
        let parameters = function
            .params
            .iter()
            .map(|parameter| self.field(&parameter.name, String::new(), &parameter.ty))
            .collect::<Result<_>>()?;
        let (mut gives, mut fails) = (None, None);
        match function.result.as_ref().map(|ty| (ty, self.as_result(ty))) {
            None => {}
            Some((_, Some(result))) => {
                gives = result.ok.as_ref().map(|ty| self.value(ty)).transpose()?;
                let Some(error) = &result.err else {
                    bail!("a `result` without an error type is not supported");
                };
                fails = Some(self.value(error)?);
            }
            Some((ty, None)) => gives = Some(self.value(ty)?),
        }
        Ok(Function {
            name: function.name.clone(),
            export: format!("{export}#{}", function.name),
            docs: text(&function.docs),
            parameters,
            gives,
            fails,
        })
    }

    fn as_result(&self, ty: &WitType) -> Option<&wit_parser::Result_> {
        let WitType::Id(id) = ty else { return None };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Result(result) => Some(result),
            _ => None,
        }
    }

    fn field(&self, name: &str, docs: String, ty: &WitType) -> Result<Field> {
        let is = self.value(ty).with_context(|| format!("`{name}`"))?;
        Ok(Field { name: name.to_string(), docs, is })
    }

    fn value(&self, ty: &WitType) -> Result<Type> {
        Ok(match ty {
            WitType::Bool => Type::Bool,
            WitType::U16 => Type::U16,
            WitType::U32 => Type::U32,
            WitType::U64 => Type::U64,
            WitType::F64 => Type::F64,
            WitType::String => Type::String,
            WitType::Id(id) => {
                let id = self.original(*id);
                let found = &self.resolve.types[id];
                match (&found.name, found.owner) {
                    (Some(name), TypeOwner::Interface(owner)) => {
                        let interface = self.resolve.interfaces[owner].name.clone();
                        let interface = interface.context("a type of an unnamed interface")?;
                        Type::Named { interface, name: name.clone() }
                    }
                    _ => self.kind(&found.kind)?,
                }
            }
            other => bail!("the type {other:?} is not supported"),
        })
    }

    fn kind(&self, kind: &TypeDefKind) -> Result<Type> {
        Ok(match kind {
            TypeDefKind::List(WitType::U8) => Type::Bytes,
            TypeDefKind::List(inner) => Type::List(Box::new(self.value(inner)?)),
            TypeDefKind::Option(inner) => match self.value(inner)? {
                // Both would be written alike where nothing is said by leaving it out.
                Type::Option(_) => bail!("an option of an option is not supported"),
                inner => Type::Option(Box::new(inner)),
            },
            TypeDefKind::Type(inner) => self.value(inner)?,
            TypeDefKind::Result(_) => {
                bail!("a `result` is supported only as what a function gives")
            }
            other => bail!("the type `{}` is not supported", other.as_str()),
        })
    }

    /// The type that a `use` brought here, from the interface that defines it.
    fn original(&self, id: TypeId) -> TypeId {
        let found = &self.resolve.types[id];
        match &found.kind {
            TypeDefKind::Type(WitType::Id(from))
                if self.resolve.types[*from].owner != found.owner =>
            {
                self.original(*from)
            }
            _ => id,
        }
    }
}

/// The types that a type is made of.
fn uses(kind: &TypeDefKind) -> Vec<&WitType> {
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| &field.ty).collect(),
        TypeDefKind::Variant(variant) => {
            variant.cases.iter().filter_map(|case| case.ty.as_ref()).collect()
        }
        TypeDefKind::List(inner) | TypeDefKind::Option(inner) | TypeDefKind::Type(inner) => {
            vec![inner]
        }
        _ => Vec::new(),
    }
}

fn text(docs: &Docs) -> String {
    docs.contents.as_deref().unwrap_or_default().trim_end().to_string()
}
