using System.Text;
using KubeProxySharp.Kubernetes.Documents;

namespace KubeProxySharp.Kubernetes.Tests.Documents;

public sealed class DocumentReaderTests
{
    [Theory]
    [InlineData("a: true", DocumentKind.Boolean)]
    [InlineData("a: FALSE", DocumentKind.Boolean)]
    [InlineData("a: \"true\"", DocumentKind.Text)]
    [InlineData("a: yes", DocumentKind.Text)]
    [InlineData("a: null", DocumentKind.Null)]
    [InlineData("a: ~", DocumentKind.Null)]
    [InlineData("a:", DocumentKind.Null)]
    [InlineData("a: None", DocumentKind.Text)]
    [InlineData("a: 80", DocumentKind.Number)]
    [InlineData("a: -1.5e3", DocumentKind.Number)]
    [InlineData("a: 0x1F", DocumentKind.Number)]
    [InlineData("a: .5", DocumentKind.Number)]
    [InlineData("a: 10.0.0.1", DocumentKind.Text)]
    [InlineData("a: 10.0.0.0/8", DocumentKind.Text)]
    [InlineData("a: 2026-11-20T14:43:14Z", DocumentKind.Text)]
    [InlineData("a: -x", DocumentKind.Text)]
    [InlineData("a: 1e", DocumentKind.Text)]
    [InlineData("a: '80'", DocumentKind.Text)]
    [InlineData("a: !!str 80", DocumentKind.Text)]
    [InlineData("a: |\n  80\n", DocumentKind.Text)]
    [InlineData("a: {}", DocumentKind.Mapping)]
    [InlineData("a: []", DocumentKind.Sequence)]
    public void PlainScalarsMeanWhatKubernetesToolsRead(string yaml, DocumentKind kind)
    {
        Read(yaml, root => root["a"u8].Kind.Should().Be(kind));
    }

    [Theory]
    [InlineData("a: 80", 80)]
    [InlineData("a: +80", 80)]
    [InlineData("a: -80", -80)]
    [InlineData("a: 0x50", 80)]
    [InlineData("a: 010", 8)]
    [InlineData("{\"a\": 80}", 80)]
    public void NumbersAreReadLikeKubernetesReadsThem(string text, int value)
    {
        Read(text, root => root["a"u8].AsInt32().Should().Be(value));
    }

    [Theory]
    [InlineData("a: 2147483648")]
    [InlineData("a: 1.5")]
    [InlineData("a: 99999999999999999999")]
    public void OtherNumbersAreNotWholeNumbersOf32Bits(string text)
    {
        Read(text, root => FluentActions.Invoking(() => root["a"u8].AsInt32()).Should().Throw<DocumentException>());
    }

    [Fact]
    public void JsonEscapesAreResolved()
    {
        Read("""{"a\u0062": "x\n\u00e9\\"}""", root => root["ab"u8].AsString("").Should().Be("x\né\\"));
    }

    /// <summary>The same content in both notations gives the same tree, across any buffer boundary.</summary>
    [Fact]
    public void LongDocumentsAreTheSameInYamlAndJson()
    {
        StringBuilder json = new("{\"list\":[");
        StringBuilder yaml = new("list:\n");
        for (int index = 0; index < 40_000; index++)
        {
            json.Append(index == 0 ? "" : ",\n").Append("{\"name\":\"item-").Append(index).Append("\",\"n\":").Append(index).Append('}');
            yaml.Append("- name: item-").Append(index).Append("\n  n: ").Append(index).Append('\n');
        }

        json.Append("]}");

        foreach (string text in (string[])[json.ToString(), yaml.ToString()])
        {
            Read(text, root =>
            {
                int index = 0;
                foreach (DocumentNode item in root["list"u8].Elements)
                {
                    bool isRight = item["name"u8].AsString("") == $"item-{index}" && item["n"u8].AsInt32() == index;
                    isRight.Should().BeTrue();
                    index++;
                }

                index.Should().Be(40_000);
            });
        }
    }

    [Fact]
    public void PathsNameKeysAndPositions()
    {
        Read("spec:\n  ports:\n  - name: a\n  - name: b\n    port: x", root =>
        {
            DocumentNode port = FieldPath.Find(root, "spec.ports[1].port");

            port.Path.Should().Be("spec.ports[1].port");
            port.Line.Should().Be(5);
            FieldPath.Find(root, "spec.ports[1].nodePort").Line.Should().Be(4);
            FieldPath.Find(root, "status.x").Line.Should().Be(1);
        });
    }

    [Theory]
    [InlineData("{", "[")]
    [InlineData("a: ", "[")]
    public void DeepNestingIsRefused(string start, string nest)
    {
        string text = start == "{" ? "{\"a\":" + string.Concat(Enumerable.Repeat(nest, 2000)) : start + string.Concat(Enumerable.Repeat(nest, 2000));

        FluentActions.Invoking(() => Read(text, _ => { })).Should().Throw<DocumentException>();
    }

    [Fact]
    public void ExpandingAliasesIsBounded()
    {
        StringBuilder bomb = new("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (int level = 1; level < 12; level++)
        {
            bomb.Append($"a{level}: &a{level} [").AppendJoin(',', Enumerable.Repeat($"*a{level - 1}", 10)).Append("]\n");
        }

        FluentActions.Invoking(() => Read(bomb.ToString(), _ => { })).Should().Throw<DocumentException>().WithMessage("*more than * values*");
    }

    /// <summary>A scalar of a hundred megabytes is refused before it is collected.</summary>
    [Theory]
    [InlineData("a: ")]
    [InlineData("{\"a\": \"")]
    [InlineData("")]
    public void AnEndlessTextIsRefused(string start)
    {
        using EndlessStream stream = new(Encoding.UTF8.GetBytes(start), 100_000_000);

        FluentActions.Invoking(() => DocumentReader.Read(stream, new Sink(_ => { }))).Should().Throw<DocumentException>();

        stream.Given.Should().BeLessThan(40_000_000);
    }

    [Fact]
    public void AHundredMegabytesOfSmallDocumentsAreRead()
    {
        int count = 0;
        byte[] document = Encoding.UTF8.GetBytes($"{{\"kind\":\"X\",\"text\":\"{new string('x', 900_000)}\"}}\n");
        using RepeatedStream stream = new(document, 112);

        DocumentReader.Read(stream, new Sink(_ => count++));

        count.Should().Be(112);
    }

    [Fact]
    public void NoBytesMakeTheReaderThrowAnythingElse()
    {
        Random random = new(11);
        byte[][] seeds =
        [
            Encoding.UTF8.GetBytes("apiVersion: v1\nkind: List\nitems:\n- &a {kind: Service, metadata: {name: a}}\n- *a\n---\n\"x\": 'y'\n"),
            Encoding.UTF8.GetBytes("""{"kind":"List","items":[{"a":[1,2.5,true,null,"x\u0041"]}]}"""),
        ];
        for (int round = 0; round < 3000; round++)
        {
            byte[] bytes = [.. seeds[round % 2]];
            for (int changes = random.Next(1, 6); changes > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = (byte)(random.Next(4) == 0 ? random.Next(256) : "{}[]:,-&*\"'\n #|>"[random.Next(16)]);
            }

            try
            {
                DocumentReader.Read(new MemoryStream(bytes), new Sink(_ => { }));
            }
            catch (DocumentException)
            {
                // The one exception that is allowed.
            }
        }
    }

    [Fact]
    public void RepeatedKeysCanBeToleratedAndTheLastCounts()
    {
        Sink sink = new(root => root["a"u8].AsInt32().Should().Be(3));

        DocumentReader.Read(new MemoryStream("a: 1\nb: 2\na: 3\n"u8.ToArray()), sink, toleratesRepeatedKeys: true);

        sink.Documents.Should().Be(1);
        FluentActions.Invoking(() => Read("a: 1\na: 3\n", _ => { })).Should().Throw<DocumentException>().WithMessage("line 2: a is given twice");
    }

    private static void Read(string text, Action<DocumentNode> check)
    {
        Sink sink = new(check);
        DocumentReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), sink);
        sink.Documents.Should().Be(1);
    }

    private sealed class Sink(Action<DocumentNode> check) : IDocumentSink
    {
        public int Documents { get; private set; }

        public bool OnItem(FlatDocument item, FlatDocument header) => false;

        public void OnDocument(FlatDocument document, bool hadItems)
        {
            Documents++;
            check(document.Root);
        }
    }

    /// <summary>A start followed by very many letters.</summary>
    private sealed class EndlessStream(byte[] start, long length) : MemoryStream
    {
        private int _started;

        public long Given { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            if (_started < start.Length)
            {
                int part = Math.Min(buffer.Length, start.Length - _started);
                start.AsSpan(_started, part).CopyTo(buffer);
                _started += part;
                return part;
            }

            int count = (int)Math.Min(buffer.Length, length - Given);
            buffer[..count].Fill((byte)'a');
            Given += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    }

    private sealed class RepeatedStream(byte[] content, int times) : MemoryStream
    {
        private long _position;

        public override int Read(Span<byte> buffer)
        {
            int offset = (int)(_position % content.Length);
            int count = _position >= (long)content.Length * times ? 0 : Math.Min(buffer.Length, content.Length - offset);
            content.AsSpan(offset, count).CopyTo(buffer);
            _position += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    }
}
