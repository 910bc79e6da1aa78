//! Whatever is done to a spec, loading it ends in a model or in problems that lie inside its files.

use proptest::prelude::*;
use proptest::sample::Index;

use super::project::{Project, STANDALONE, repository};

#[derive(Clone, Debug)]
enum Mutation {
    Remove,
    Repeat,
    Indent(usize),
    Insert(String),
    ReplaceValue(String),
    Cut(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let value = prop_oneof![
        Just("~".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just("-1".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("${env:X}".to_owned()),
        Just("${".to_owned()),
        Just("*a".to_owned()),
        Just("&a x".to_owned()),
        Just("|".to_owned()),
        Just(".nan".to_owned()),
        Just("é: ü".to_owned()),
        Just("<<: { a: b }".to_owned()),
        Just("/".to_owned()),
        Just("{a}".to_owned()),
        ".{0,12}",
    ];
    prop_oneof![
        Just(Mutation::Remove),
        Just(Mutation::Repeat),
        (0_usize..6).prop_map(Mutation::Indent),
        value.clone().prop_map(Mutation::Insert),
        value.prop_map(Mutation::ReplaceValue),
        any::<Index>().prop_map(Mutation::Cut),
    ]
}

fn mutate(text: &str, line: Index, mutation: &Mutation) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return String::new();
    }
    let at = line.index(lines.len());
    match mutation {
        Mutation::Remove => drop(lines.remove(at)),
        Mutation::Repeat => lines.insert(at, lines[at].clone()),
        Mutation::Indent(width) => lines[at].insert_str(0, &" ".repeat(*width)),
        Mutation::Insert(text) => lines.insert(at, text.clone()),
        Mutation::ReplaceValue(value) => {
            let key = lines[at]
                .split_once(": ")
                .map_or(lines[at].as_str(), |(key, _)| key);
            lines[at] = format!("{key}: {value}");
        }
        Mutation::Cut(column) => {
            let kept = column.index(lines[at].chars().count() + 1);
            lines[at] = lines[at].chars().take(kept).collect();
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn problems_lie_inside_the_files(changes in prop::collection::vec((any::<Index>(), mutation()), 1..5)) {
        let text = changes.iter().fold(STANDALONE.to_owned(), |text, (line, change)| mutate(&text, *line, change));
        let project = Project::new(&[("spec.yaml", &text)]);
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        if let Err(found) = project.load("spec.yaml") {
            prop_assert!(!found.is_empty());
            let lines: Vec<&str> = text.lines().collect();
            for problem in &found {
                let (line, column) = (problem.at.line() as usize, problem.at.column() as usize);
                prop_assert!(line >= 1 && line <= lines.len() + 1, "{}: {}", problem.at, problem.message);
                let length = lines.get(line - 1).map_or(0, |line| line.chars().count());
                prop_assert!(column >= 1 && column <= length + 1, "{}: {} in {text:?}", problem.at, problem.message);
            }
            let plain = found.render(80, false);
            prop_assert_eq!(anstream::adapter::strip_str(&found.render(80, true)).to_string(), plain);
        }
    }

    #[test]
    fn contracts_are_read_without_panic(changes in prop::collection::vec((any::<Index>(), mutation()), 1..4)) {
        let contract = std::fs::read_to_string(repository().join("templates/openapi/orders.yaml")).unwrap();
        let text = changes.iter().fold(contract, |text, (line, change)| mutate(&text, *line, change));
        let spec = STANDALONE.replace("operations: [{ method: GET, path: /orders }]", "contract: contract.yaml");
        let project = Project::new(&[("spec.yaml", &spec), ("contract.yaml", &text)]);
        for (_, place) in project.problems("spec.yaml") {
            prop_assert!(place.starts_with("contract.yaml:") || place.starts_with("spec.yaml:"), "{}", place);
        }
    }
}
