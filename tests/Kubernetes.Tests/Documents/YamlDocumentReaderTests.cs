using System.Globalization;
using System.Text;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Kubernetes.Tests.Documents;

/// <summary>The quick way through YAML and the whole parser give the same documents, lines and errors.</summary>
public sealed class YamlDocumentReaderTests
{
    /// <summary>As kubectl prints a Service.</summary>
    private const string Printed = """
        apiVersion: v1
        kind: Service
        metadata:
          annotations:
            kubectl.kubernetes.io/last-applied-configuration: |
              {"apiVersion":"v1","kind":"Service","metadata":{"name":"web"}}
            owner: 'it''s us: "net"'
            text: |-
              one
                two

              three
          creationTimestamp: "2026-11-20T09:00:00Z"
          labels: {}
          managedFields:
          - apiVersion: v1
            fieldsType: FieldsV1
            fieldsV1:
              f:spec:
                f:ports:
                  .: {}
                  k:{"port":80,"protocol":"TCP"}:
                    .: {}
                    f:port: {}
            manager: kubectl
          name: web
          namespace: shop
        spec:
          clusterIP: 10.96.0.10
          clusterIPs:
          - 10.96.0.10
          - fd00::10
          externalName:
          ports:
          - name: http
            port: 80
            targetPort: http
          - name: "dns"
            port: 53
          sessionAffinity: None
        status:
          loadBalancer: {}

        """;

    public static TheoryData<string> Texts => new(
        "",
        "\n",
        "# nothing\n",
        "---\n",
        "---\n---\n# here\n---\na: 1\n",
        "a: 1",
        "a: 1\n---\nb: 2",
        "a: 1\n...\nb: 2\n",
        "%YAML 1.2\n---\na: 1\n",
        "--- {a: 1}\n---\nb: 2\n",
        "--- # why\na: 1\n",
        "a: {b: 1,\nc: 2}\n---\nd: 3\n",
        "a: 1\n---\nb: [\n---\nc: 1\n",
        "a: &x 1\nb: *x\n---\nc: *x\n",
        "items:\n- &x {a: 1}\n- *x\n- b: *x\nkind: List\n",
        "items:\n- a: \"b\n- c\"\n- d: 1\nkind: List\n",
        "items:\n- a: 'b\n- c': 1\n",
        "items:\n- a: {\nb: 1\n}\n- c: 1\n",
        "items:\n- a: 1\n# a comment\n\n- b: 1\n\n# another\nkind: List\n---\nc: 1\n",
        "items:\n  - a: 1\n  - b: 1\nkind: List\n",
        "items:\n  - a: 1\n- b: 1\nkind: List\n",
        "items:\n- a: 1\n  - b: 1\n",
        "items:\n- a: 1\n b: 1\n",
        "items:\n- a: 1\nb\n",
        "items:\n- a: 1\n]\n",
        "items:\n- a: 1\n...\nb: 1\n",
        "items:\n- a: 1\n---\nb: 1\n",
        "items:\n- a: 1\nitems:\n- b: 1\n",
        "items:\n\n- a: 1\n",
        "items:\nkind: List\n",
        "items: []\nkind: List\n",
        "items:\n- - a\n- b\n-\n- {}\n- null\n- |\n  c\n",
        "items:\n- a: |\n    one\n\n   # less\n- b: |\n    one\n",
        "a: |\n  one\n\n\nb: |-\n  one\n\n",
        "a: |\n  one",
        "a: |\n\n  one\n",
        "a: |+\n  one\n\n",
        "a: >\n  one\n  two\n",
        "a: one\n  two\n",
        "a: one # two\n",
        "a: one#two\n",
        "a: b: c\n",
        "a: b:\n",
        "a : b\n",
        "\"a\": b\n'c': d\n\"e\" : f\n",
        "a:b: c\n",
        "a:\n  one\n",
        "a:\n- one\n  two\n",
        "a:\n-one\n",
        "a: -one\nb: - one\n",
        "-a: 1\n",
        "? a\n: b\n",
        "a: \"x\\u00e9\\n\\t\\\"\\\\\"\n",
        "a: é\n",
        "a: \tb\n",
        "a:\tb\n",
        "a: 1\r\nb:\r\n- c\r\n",
        "a: 1\r---\rb: 1\n---\nc: 1\n",
        "items:\n- a: 1\r- b: 1\n- c: 1\n",
        "items:\n- a: \"1\u2028- b\"\n- c: 1\n",
        "items:\r\n- a: 1\r\n\r\n- b: 1\r\nkind: List\r\n",
        "a: 1\na: 2\n",
        "<<: {a: 1}\n",
        "\"<<\": 1\n",
        "a: !!str 1\n",
        "a: ~\nb: null\nc: True\nd: 0x1F\ne: ''\n",
        "a: [1, 2]\nb: {c: d}\n",
        "a: @b\n",
        "a: %b\n",
        " a: 1\n b: 2\n",
        "a: 1\n b: 2\n",
        "[a]: 1\n",
        "just text\n",
        "- a\n- b\n",
        "a:\n    b:\n      - c: 1\n        d: 2\n      - e\n    f: 3\n",
        "a: ''''\nb: 'c' d\n",
        "a: \"b\" c\n",
        "a: |x\n  b\n",
        "items:\n- a: 1\n-\tb: 1\n- c: 1\n",
        "items:\n- a: 1\n-\r\n  b: 1\n- c: 1\n",
        "---\n-\t:  b\n",
        "a: 1\n---\n>\nb: 1\n---\nc: 1\n",
        "a: 1\n---\nb\n# why\n---\nc: 1\n",
        "items:\n-\n\"a\"\n---\nb: 1\n",
        "items:\n  - a: 1\n \t \n  - b: 1\n",
        "---\n: a\nb: c\n---\n: d\n");

    [Theory]
    [MemberData(nameof(Texts))]
    public void BothWaysReadTheSame(string text) => Compare(Encoding.UTF8.GetBytes(text));

    [Fact]
    public void WhatKubectlPrintsIsReadQuickly()
    {
        KubectlYamlParser block = new();
        block.TryReadMapping(Encoding.UTF8.GetBytes(Printed), 1).Should().BeTrue();
        block.TryReadElement(Encoding.UTF8.GetBytes(Element(Printed)), 1).Should().BeTrue();
        Compare(Encoding.UTF8.GetBytes(Printed));
        Compare(Encoding.UTF8.GetBytes($"apiVersion: v1\nitems:\n{Element(Printed)}{Element(Printed)}kind: List\nmetadata:\n  resourceVersion: \"\"\n"));
    }

    /// <summary>Texts larger than any buffer has at first, in forms that either parser reads, arrive whole.</summary>
    [Theory]
    [InlineData("a: #\n")]
    [InlineData("a: \"\\n#\"\nb: 'it''s #'\n")]
    [InlineData("a: |\n  #\n")]
    [InlineData("a: {b: #}\n")]
    [InlineData("a: {\"b\": \"#\", c: d}\n")]
    [InlineData("items:\n- a: #\n- {a: #}\nkind: List\n")]
    public void LongTextsReadTheSame(string form)
    {
        foreach (int length in (int[])[1_000, 3_000, 70_000])
        {
            string value = string.Concat(Enumerable.Range(0, length / 5).Select(static number => $"n{number % 10_000:0000}"));
            byte[] text = Encoding.UTF8.GetBytes(form.Replace("#", value, StringComparison.Ordinal));
            Compare(text).Should().BeTrue();
            (string read, _) = Describe("", builder => new YamlDocumentReader(builder).ReadWithFullParser(new MemoryStream(text)));
            read.Should().Contain(value);
        }
    }

    [Fact]
    public void RecordedManifestsReadTheSame()
    {
        string[] files = [.. Directory.GetFiles(RepositoryRoot.Recorded, "*.yaml", SearchOption.AllDirectories)];
        files.Should().NotBeEmpty();
        foreach (string file in files)
        {
            Compare(File.ReadAllBytes(file));
        }
    }

    [Fact]
    public void RandomDocumentsReadTheSame()
    {
        for (int seed = 0; seed < Nightly.Size(500, 2_000); seed++)
        {
            Compare(Encoding.UTF8.GetBytes(new RandomYaml(new Random(seed)).Stream()));
        }
    }

    [Fact]
    public void DamagedDocumentsReadTheSame() => Damage.Try(Nightly.Size(2_000, 10_000), random =>
    {
        byte[] text = Encoding.UTF8.GetBytes(random.Next(4) == 0 ? Printed : new RandomYaml(random).Stream());
        ReadOnlySpan<byte> strange = "\n\n   --::#'\"{}[]|>&*%?,\t\r\\ab1."u8;
        for (int times = random.Next(1, 4); times > 0 && text.Length > 0; times--)
        {
            int at = random.Next(text.Length);
            byte other = strange[random.Next(strange.Length)];
            text = random.Next(3) switch
            {
                0 => [.. text[..at], other, .. text[at..]],
                1 => [.. text[..at], .. text[(at + 1)..]],
                _ => [.. text[..at], other, .. text[(at + 1)..]],
            };
        }

        // With an empty key the whole parser forgets its line and, between documents, where it is.
        bool hasEmptyKey = Encoding.UTF8.GetString(text).Split('\n').Any(static line => line.TrimStart(' ', '-').StartsWith(':'));
        return !hasEmptyKey && Compare(text);
    });

    private static string Element(string mapping) => "- " + mapping.TrimEnd('\n').Replace("\n", "\n  ", StringComparison.Ordinal).Replace("\n  \n", "\n\n", StringComparison.Ordinal) + "\n";

    /// <summary>Reads a text both ways.</summary>
    /// <returns>Whether it could be read.</returns>
    private static bool Compare(byte[] text)
    {
        string because = $"of this YAML:\n{Encoding.UTF8.GetString(text)}\n";
        (string whole, DocumentException? wholeError) = Describe(because, builder => new YamlDocumentReader(builder).ReadWithFullParser(new MemoryStream(text)));
        using PeekedStream stream = new(new VaryingChunkStream(text), 16);
        (string quick, DocumentException? quickError) = Describe(because, builder => new YamlDocumentReader(builder).Read(stream));
        if (wholeError is null || quickError is null)
        {
            quickError.Should().Be(wholeError, because);
            quick.Should().Be(whole, because);
            return true;
        }

        // The whole parser looks ahead, so it may see an error, and decode a byte that is wrong, before it has told all that is right.
        quick.Should().StartWith(whole[..Math.Min(quick.Length, whole.Length)], because);
        return false;
    }

    private static (string Text, DocumentException? Error) Describe(string because, Action<DocumentBuilder> read)
    {
        Listing listing = new();
        try
        {
            read(new(listing, toleratesRepeatedKeys: false));
            return (listing.ToString(), null);
        }
        catch (DocumentException e)
        {
            return (listing.ToString(), e);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(because, e);
        }
    }

    /// <summary>What a sink is told, with all lines.</summary>
    private sealed class Listing : IDocumentSink
    {
        private readonly StringBuilder _text = new();

        public bool OnItem(FlatDocument item, FlatDocument header)
        {
            Add("item", item);
            return false;
        }

        public void OnDocument(FlatDocument document, bool hadItems) => Add(hadItems ? "list" : "document", document);

        public override string ToString() => _text.ToString();

        private void Add(string what, FlatDocument tape)
        {
            _text.Append(what).Append('\n');
            for (int index = 0; index < tape.Count; index++)
            {
                FlatDocument.Entry entry = tape[index];
                _text.Append(CultureInfo.InvariantCulture, $"  {entry.Line} {entry.Kind} {entry.End} {Encoding.UTF8.GetString(tape.TextOf(entry))}\n");
            }
        }
    }

    /// <summary>Gives its bytes in small pieces of changing size.</summary>
    private sealed class VaryingChunkStream(byte[] bytes) : MemoryStream(bytes)
    {
        private int _size;

        public override int Read(Span<byte> buffer)
        {
            _size = (_size % 13) + 1;
            return base.Read(buffer[..Math.Min(buffer.Length, _size)]);
        }
    }
}
