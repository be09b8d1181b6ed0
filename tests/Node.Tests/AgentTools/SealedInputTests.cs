using System.Buffers;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>Input that a tool gets whole or not at all.</summary>
[Trait("Category", "Netns")]
public sealed class SealedInputTests
{
    private readonly ProcessRunner _runner = new(HostNetns.Instance, TimeProvider.System);

    [Theory]
    [InlineData(0, "-")]
    [InlineData(SealedInput.MostOfOneWrite, "-")]
    [InlineData(SealedInput.MostOfOneWrite + 1, "-")]
    [InlineData(64 * 1024, "-")]
    [InlineData(1_000_000, "-")]
    [InlineData(SealedInput.MostOfOneWrite, "--")]
    [InlineData(SealedInput.MostOfOneWrite + 1, "--")]
    [InlineData(1_000_000, "--")]
    [InlineData(SealedInput.MostOfOneWrite, "--", true)]
    [InlineData(1_000_000, "--", true)]
    public async Task EveryByteArrives(int length, string argument, bool takesFile = false)
    {
        byte[] text = new byte[length];
        new Random(length).NextBytes(text);
        string expected = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(text));

        using SealedInput input = Sealed(text, 700);
        ProcessResult result = await _runner.RunAsync(new("sha256sum", argument) { TakesFile = takesFile }, input, default);

        result.Output.Should().StartWith(expected);
        string through = result.Output.Split(' ')[^1].Trim();
        if (length > SealedInput.MostOfOneWrite && (argument == "-" || takesFile))
        {
            through.Should().StartWith("/proc/").And.Contain("/fd/");
        }
        else
        {
            through.Should().Be("-");
        }
    }

    /// <summary>A piece that is larger than any buffer.</summary>
    [Fact]
    public async Task ALargePieceArrives()
    {
        using SealedInput input = Sealed(new byte[300_000], 300_000);

        ProcessResult result = await _runner.RunAsync(new("wc", "-c", "-"), input, default);

        result.Output.Should().StartWith("300000 ");
    }

    [Fact]
    public void NobodyCanChangeATextThatIsFinished()
    {
        using SealedInput input = Sealed(new byte[10_000], 1000);

        Action change = () => File.WriteAllText(input.FileName!, "flush ruleset");

        change.Should().Throw<UnauthorizedAccessException>();
        new FileInfo(input.FileName!).Exists.Should().BeTrue();
    }

    [Fact]
    public void NothingIsLeftWhenTheTextIsNotNeededAnyMore()
    {
        string name;
        using (SealedInput input = Sealed(new byte[10_001], 1000))
        {
            name = input.FileName!;
            File.ReadAllBytes(name).Should().HaveCount(10_001);
        }

        HasLength(name, 10_001).Should().BeFalse();
    }

    /// <summary>Rendering may fail after the file was opened, and so before the text is sealed.</summary>
    [Fact]
    public void NothingIsLeftOfATextThatIsNotFinished()
    {
        string name;
        long length;
        using (SealedInput input = new())
        {
            Write(input, new byte[200_001], 1000);
            name = input.FileName!;
            length = File.ReadAllBytes(name).Length; // without what is not written out yet
            HasLength(name, length).Should().BeTrue();
        }

        HasLength(name, length).Should().BeFalse();
    }

    /// <summary>Whether it is the file: its number may be another's by now, as tests run side by side.</summary>
    private static bool HasLength(string name, long length)
    {
        try
        {
            using FileStream file = File.OpenRead(name);
            return file.CanSeek && file.Length == length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(SealedInput.MostOfOneWrite)]
    [InlineData(SealedInput.MostOfOneWrite + 1)]
    [InlineData(200_000)]
    public void ATextCanBeReadAgain(int length)
    {
        byte[] text = new byte[length];
        new Random(length).NextBytes(text);
        using SealedInput input = Sealed(text, 700);
        ArrayBufferWriter<byte> copy = new();

        input.CopyTo(copy);

        copy.WrittenSpan.SequenceEqual(text).Should().BeTrue();
        input.Length.Should().Be(length);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(200_000)]
    public void NothingCanBeAddedToATextThatIsFinished(int length)
    {
        using SealedInput input = Sealed(new byte[length], 1000);

        Action add = () => input.Write("flush ruleset"u8);

        add.Should().Throw<InvalidOperationException>();
        input.Length.Should().Be(length);
    }

    /// <summary>A refusal in a script that is a file is shown with its lines, as in one from a pipe.</summary>
    [SkippableFact]
    public async Task ARefusedLineIsShownWithItsSurroundings()
    {
        using Appliers.TestNode node = Appliers.TestNode.CreateOrSkip("nft");
        FamilyRules rules = ModelLoader.ReadCase(RecordedCases.CaseDirectory("mix-50-services"), "nftables").IPv4;

        using Transaction transaction = new(node.Runner, new("nft", "-f", "-"));
        NftablesRenderer.WriteFull(rules, NftablesOptions.Default, transaction);
        transaction.Write("add rule ip kube-proxy services goto nowhere\n"u8);

        ApplyResult result = await transaction.CommitAsync(default);

        result.Outcome.Should().Be(ApplyOutcome.Refused);
        result.Error.Should().Contain("/proc/").And.Contain("goto nowhere").And.MatchRegex("\n> [0-9]+: add rule ip kube-proxy services goto nowhere");
    }

    /// <summary>A security profile may keep the tool from it: then the pipe has to do.</summary>
    [SkippableTheory]
    [InlineData("nftables")]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task WhereFilesInMemoryAreForbiddenThePipeIsUsed(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        lab.Tools.ForbidFiles(true);
        Shop.Write(lab.Manifests, 300);
        RunningAgent agent = lab.Start(mode);

        await agent.WaitForLogAsync("Synced IPv4 rules (full)");

        lab.IsServed(mode, Shop.Address(300), Shop.Endpoint(300, 0)).Should().BeTrue();
        agent.Count("could not be written").Should().Be(0);
        await agent.StopAsync();
    }

    private static SealedInput Sealed(byte[] text, int step)
    {
        SealedInput input = new();
        Write(input, text, step);
        input.Seal();
        return input;
    }

    private static void Write(IBufferWriter<byte> output, byte[] text, int step)
    {
        for (int start = 0; start < text.Length; start += step)
        {
            output.Write(text.AsSpan(start, Math.Min(step, text.Length - start)));
        }
    }
}
