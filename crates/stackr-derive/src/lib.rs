//! `#[derive(Args)]`, `#[derive(Block)]`, `#[derive(Outputs)]`: a resource's structs as data.
//!
//! They generate the schema (names, kinds, documents, flags), the conversion between struct and value, and the
//! typed builder. They generate no behaviour: nothing here knows what a diff, a call or a plan is.
//!
//! Options of `#[arg(…)]`: `replace`, `computed`, `required`, `default = …`, `secret`, `early`, `unread`, `local`,
//! `block`. What each means is on `stackr_core::Field`.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};
use syn::{
    Attribute, Data, DeriveInput, Expr, ExprLit, Field, Fields, GenericArgument, Ident, Lit, LitStr, Meta,
    PathArguments, Result, Type, parse_macro_input, spanned::Spanned,
};

/// The arguments of a resource or data type: schema, conversions and the typed builder.
#[proc_macro_derive(Args, attributes(arg))]
pub fn derive_args(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput), Role::Args)
}

/// A nested block: schema, conversions and the typed builder.
#[proc_macro_derive(Block, attributes(arg))]
pub fn derive_block(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput), Role::Block)
}

/// The outputs of a resource or data type: schema, conversions and typed references.
#[proc_macro_derive(Outputs, attributes(arg))]
pub fn derive_outputs(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput), Role::Outputs)
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Args,
    Block,
    Outputs,
}

fn expand(input: DeriveInput, role: Role) -> TokenStream {
    generate(&input, role).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// What one struct field says about itself.
struct Spec<'a> {
    ident: &'a Ident,
    name: String,
    doc: String,
    ty: &'a Type,
    flags: Flags,
}

#[derive(Default)]
struct Flags {
    replace: bool,
    lasting: bool,
    computed: bool,
    required: bool,
    secret: bool,
    early: bool,
    unread: bool,
    local: bool,
    block: bool,
    default: Option<Lit>,
}

fn generate(input: &DeriveInput, role: Role) -> Result<Tokens> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new(input.span(), "only a struct can be derived"));
    };
    let fields: Vec<&Field> = match &data.fields {
        Fields::Named(named) => named.named.iter().collect(),
        Fields::Unit => Vec::new(),
        Fields::Unnamed(_) => return Err(syn::Error::new(input.span(), "the fields must have names")),
    };
    let specs = fields.into_iter().map(spec).collect::<Result<Vec<_>>>()?;
    let block = block_impl(&input.ident, &doc(&input.attrs), &specs, role);
    let rest = match role {
        Role::Args => {
            let builder = builder(&input.ident, &specs, &input.vis);
            let name = &input.ident;
            let builder_name = format_ident!("{name}Builder");
            let of = name.to_string();
            let of = of.strip_suffix("Args").ok_or_else(|| {
                syn::Error::new(
                    name.span(),
                    "an arguments struct is named for its resource: `NatGatewayArgs`",
                )
            })?;
            let of = format_ident!("{of}");
            quote! {
                #builder
                impl ::stackr_core::Args for #name {
                    type Builder = #builder_name;
                }
                impl ::stackr_core::Draft for #builder_name {
                    type Of = #of;
                    fn into_args(self) -> ::std::collections::BTreeMap<String, ::stackr_core::Expr> {
                        self.args
                    }
                }
            }
        }
        Role::Block => {
            let builder = builder(&input.ident, &specs, &input.vis);
            let name = &input.ident;
            let builder_name = format_ident!("{name}Builder");
            quote! {
                #builder
                impl #name {
                    /// An empty builder of this block, whose setters take values and references.
                    #[must_use]
                    pub fn block() -> #builder_name {
                        ::std::default::Default::default()
                    }
                }
                impl ::std::convert::From<#builder_name> for ::stackr_core::Input<#name> {
                    fn from(builder: #builder_name) -> Self {
                        Self::from_expr(::stackr_core::Expr::Object(builder.args))
                    }
                }
                impl ::std::convert::From<#name> for ::stackr_core::Input<#name> {
                    fn from(block: #name) -> Self {
                        Self::from_expr(::stackr_core::Expr::Literal(::stackr_core::Block::to_object(&block)))
                    }
                }
            }
        }
        Role::Outputs => references(&input.ident, &specs, &input.vis),
    };
    Ok(quote! { #block #rest })
}

fn spec(field: &Field) -> Result<Spec<'_>> {
    let ident = field.ident.as_ref().ok_or_else(|| syn::Error::new(field.span(), "a name is missing"))?;
    let name = ident.to_string();
    let mut flags = Flags::default();
    for attr in field.attrs.iter().filter(|a| a.path().is_ident("arg")) {
        attr.parse_nested_meta(|meta| {
            let flag = match meta.path.get_ident().map(ToString::to_string).as_deref() {
                Some("replace") => &mut flags.replace,
                Some("lasting") => &mut flags.lasting,
                Some("computed") => &mut flags.computed,
                Some("required") => &mut flags.required,
                Some("secret") => &mut flags.secret,
                Some("early") => &mut flags.early,
                Some("unread") => &mut flags.unread,
                Some("local") => &mut flags.local,
                Some("block") => &mut flags.block,
                Some("default") => {
                    flags.default = Some(meta.value()?.parse()?);
                    return Ok(());
                }
                _ => return Err(meta.error("not an option of #[arg]")),
            };
            *flag = true;
            Ok(())
        })?;
    }
    Ok(Spec {
        ident,
        name: name.strip_prefix("r#").unwrap_or(&name).to_owned(),
        doc: doc(&field.attrs),
        ty: &field.ty,
        flags,
    })
}

/// The doc comment as one paragraph.
fn doc(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// The `T` of `Option<T>`.
fn optional(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|s| s.ident == "Option")?;
    let PathArguments::AngleBracketed(args) = &last.arguments else { return None };
    match args.args.first() {
        Some(GenericArgument::Type(inner)) => Some(inner),
        _ => None,
    }
}

/// Whether a type is written `Vec<…>` or `Set<…>`.
fn repeated(ty: &Type) -> bool {
    matches!(ty, Type::Path(p) if p.path.segments.last().is_some_and(|s| s.ident == "Vec" || s.ident == "Set"))
}

impl Spec<'_> {
    /// Whether the field is a block that may be written once.
    fn single(&self) -> bool {
        self.flags.block && !repeated(self.ty)
    }

    fn schema(&self, role: Role) -> Tokens {
        let Self { name, doc, ty, flags, .. } = self;
        let Flags { replace, lasting, secret, early, unread, local, .. } = flags;
        let kind = if self.single() {
            let inner = optional(ty).unwrap_or(ty);
            quote!(::stackr_core::Kind::List(&<#inner as ::stackr_core::Attribute>::KIND))
        } else {
            quote!(<#ty as ::stackr_core::Attribute>::KIND)
        };
        let presence = if role == Role::Outputs {
            quote!(::stackr_core::Presence::Output)
        } else if flags.computed {
            quote!(::stackr_core::Presence::Computed)
        } else if flags.required {
            quote!(::stackr_core::Presence::Required)
        } else if flags.default.is_some() {
            quote!(::stackr_core::Presence::Optional)
        } else {
            quote!(if <#ty as ::stackr_core::Attribute>::OPTIONAL {
                ::stackr_core::Presence::Optional
            } else {
                ::stackr_core::Presence::Required
            })
        };
        let nesting = match (self.flags.block, self.single()) {
            (false, _) => quote!(::stackr_core::Nesting::Attribute),
            (true, false) => quote!(::stackr_core::Nesting::Blocks),
            (true, true) => quote!(::stackr_core::Nesting::Single),
        };
        let default = match &flags.default {
            None => quote!(None),
            Some(Lit::Bool(b)) => quote!(Some(::stackr_core::Default::Bool(#b))),
            Some(Lit::Int(i)) => quote!(Some(::stackr_core::Default::Int(#i))),
            Some(lit) => quote!(Some(::stackr_core::Default::Str(#lit))),
        };
        quote! {
            ::stackr_core::Field {
                name: #name, doc: #doc, kind: #kind, presence: #presence, nesting: #nesting, default: #default,
                replace: #replace, lasting: #lasting, secret: #secret, early: #early, unread: #unread, local: #local,
            }
        }
    }

    fn read(&self) -> Tokens {
        let Self { ident, name, ty, flags, .. } = self;
        let value = if self.single() {
            quote!(::stackr_core::Value::elements(value).and_then(|e| e.first()).unwrap_or(&null))
        } else {
            quote!(value)
        };
        let absent = match &flags.default {
            Some(Lit::Str(text)) => {
                quote!(<#ty as ::stackr_core::Attribute>::from_value(&::stackr_core::Value::from(#text)))
            }
            Some(Lit::Int(int)) => {
                quote!(<#ty as ::stackr_core::Attribute>::from_value(&::stackr_core::Value::from(#int as i64)))
            }
            Some(lit) => {
                quote!(<#ty as ::stackr_core::Attribute>::from_value(&::stackr_core::Value::from(#lit)))
            }
            None => quote!(<#ty as ::stackr_core::Attribute>::from_value(value)),
        };
        quote! {
            #ident: {
                let value = object.get(#name).unwrap_or(&null);
                let value: &::stackr_core::Value = #value;
                let read = if value.is_null() { #absent } else {
                    <#ty as ::stackr_core::Attribute>::from_value(value)
                };
                read.map_err(|mismatch| mismatch.within(#name))?
            }
        }
    }

    fn write(&self) -> Tokens {
        let Self { ident, name, ty, .. } = self;
        let value = quote!(<#ty as ::stackr_core::Attribute>::to_value(&self.#ident));
        let value = if self.single() {
            quote!({
                let value = #value;
                ::stackr_core::Value::List(if value.is_null() { Vec::new() } else { vec![value] })
            })
        } else {
            value
        };
        quote!((#name, #value))
    }
}

fn block_impl(name: &Ident, doc: &str, specs: &[Spec<'_>], role: Role) -> Tokens {
    let schemas = specs.iter().map(|s| s.schema(role));
    let reads = specs.iter().map(Spec::read);
    let writes = specs.iter().map(Spec::write);
    quote! {
        impl ::stackr_core::Block for #name {
            const SHAPE: ::stackr_core::Shape = ::stackr_core::Shape { doc: #doc, fields: &[#(#schemas),*] };

            fn from_object(object: &::stackr_core::Value) -> Result<Self, ::stackr_core::Mismatch> {
                if object.attributes().is_none() {
                    return Err(::stackr_core::Mismatch::new("object", object));
                }
                #[allow(unused_variables, reason = "a struct without fields reads nothing")]
                let null = ::stackr_core::Value::Null;
                Ok(Self { #(#reads),* })
            }

            fn to_object(&self) -> ::stackr_core::Value {
                ::stackr_core::Value::object::<&str>([#(#writes),*])
            }
        }

        impl ::stackr_core::Attribute for #name {
            const KIND: ::stackr_core::Kind = ::stackr_core::Kind::Object(&<Self as ::stackr_core::Block>::SHAPE);
            fn from_value(value: &::stackr_core::Value) -> Result<Self, ::stackr_core::Mismatch> {
                <Self as ::stackr_core::Block>::from_object(value)
            }
            fn to_value(&self) -> ::stackr_core::Value {
                ::stackr_core::Block::to_object(self)
            }
        }
    }
}

fn builder(name: &Ident, specs: &[Spec<'_>], vis: &syn::Visibility) -> Tokens {
    let builder = format_ident!("{name}Builder");
    let about =
        LitStr::new(&format!("Builds [`{name}`]: each setter takes a value or a reference."), name.span());
    let setters = specs.iter().map(|spec| {
        let Spec { ident, name, doc, ty, .. } = spec;
        let takes = optional(ty).unwrap_or(ty);
        let expr = if spec.single() {
            quote!(::stackr_core::Expr::List(vec![value.into().into_expr()]))
        } else {
            quote!(value.into().into_expr())
        };
        quote! {
            #[doc = #doc]
            #[must_use]
            pub fn #ident(mut self, value: impl Into<::stackr_core::Input<#takes>>) -> Self {
                self.args.insert(#name.to_owned(), #expr);
                self
            }
        }
    });
    quote! {
        #[doc = #about]
        #[derive(Clone, Debug, Default)]
        #vis struct #builder {
            args: ::std::collections::BTreeMap<String, ::stackr_core::Expr>,
        }

        impl #builder {
            #(#setters)*
        }
    }
}

fn references(name: &Ident, specs: &[Spec<'_>], vis: &syn::Visibility) -> Tokens {
    let refs = name.to_string();
    let refs = format_ident!("{}Refs", refs.strip_suffix("Outputs").unwrap_or(&refs));
    let about = LitStr::new(&format!("References to [`{name}`]."), name.span());
    let fields = specs
        .iter()
        .map(|Spec { ident, doc, ty, .. }| quote!(#[doc = #doc] pub #ident: ::stackr_core::Ref<#ty>));
    let values =
        specs.iter().map(|Spec { ident, name, .. }| quote!(#ident: ::stackr_core::Ref::new(address, #name)));
    quote! {
        #[doc = #about]
        #[derive(Clone, Debug)]
        #vis struct #refs { #(#fields),* }

        impl ::stackr_core::Outputs for #name {
            type Refs = #refs;
            fn refs(address: &::stackr_core::Address) -> #refs {
                #[allow(unused_variables, reason = "a struct without fields refers to nothing")]
                let address = address;
                #refs { #(#values),* }
            }
        }
    }
}
