using System.Text;
using FsCheck;
using FsCheck.Fluent;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Iptables.Tests.Reading;

/// <summary>Whatever is wrong with a text, the reader either copes or says so in its own words.</summary>
public sealed class DamagedTextTests
{
    private static readonly string[] s_words = ["!", "-m", "-j", "-g", "-A", "-s", "-d", "\"", "\\", "[", "]", ":", "*nat", "COMMIT", "--dport", "--to-destination", "statistic", "recent", "/", "0x", "\n", "\0", "é"];

    /// <summary>Small recordings with rules of every kind, of both families and variants.</summary>
    public static TheoryData<string> Texts => new()
    {
        "affinity-timeout/iptables/iptables-save.txt",
        "affinity-default/iptables-legacy/iptables-save.txt",
        "source-ranges/iptables/iptables-save.txt",
        "dual-stack/iptables/ip6tables-save.txt",
        "detect-bridge/iptables/iptables-save.txt",
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void RecordedTextsAreUnderstoodCompletely(string name)
    {
        RuleStep[] steps = [.. Rulesets.Iptables(Text(name), Family(name)).Tables.SelectMany(table => table.Chains.Values).SelectMany(chain => chain.Rules).SelectMany(rule => rule.Steps.AsSpan().ToArray())];

        steps.Should().HaveCountGreaterThan(50);
        steps.Should().NotContain(step => step is RuleStep.UnknownMatch || step is RuleStep.UnknownStatement);
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void MutatedTextsThrowNothingButTheReadersException(string name)
    {
        string text = Text(name);
        IpFamily family = Family(name);
        Damage.Try(200, random => TryRead(Mutate(text, random), family));
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void ATextThatIsCutOffInATableIsRefused(string name)
    {
        string text = Text(name);
        int start = text.IndexOf('*', StringComparison.Ordinal) + 1;
        int end = text.IndexOf("COMMIT", StringComparison.Ordinal);
        Prop.ForAll<int>(seed =>
        {
            int length = new Random(seed).Next(start, end + "COMMIT".Length);

            return !TryRead(text[..length], Family(name));
        }).Check(Config.QuickThrowOnFailure);
    }

    private static bool TryRead(string text, IpFamily family)
    {
        try
        {
            Rulesets.Iptables(text, family);
            return true;
        }
        catch (RuleTextException e)
        {
            e.Line.Should().BePositive();
            return false;
        }
    }

    /// <summary>A few cuts, swaps of words and insertions; most of them inside rules.</summary>
    private static string Mutate(string text, Random random)
    {
        StringBuilder mutated = new(text);
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            int at = random.Next(mutated.Length);
            switch (random.Next(4))
            {
                case 0:
                    mutated.Remove(at, Math.Min(random.Next(1, 30), mutated.Length - at));
                    break;
                case 1:
                    mutated.Insert(at, s_words[random.Next(s_words.Length)]);
                    break;
                case 2:
                    mutated[at] = (char)random.Next(1, 128);
                    break;
                default:
                    mutated.Insert(at, ' ' + s_words[random.Next(s_words.Length)] + ' ');
                    break;
            }
        }

        return mutated.ToString();
    }

    private static string Text(string name) => File.ReadAllText(Path.Combine(RepositoryRoot.Recorded, "cases", name));

    private static IpFamily Family(string name) => name.Contains("ip6tables", StringComparison.Ordinal) ? IpFamily.IPv6 : IpFamily.IPv4;
}
