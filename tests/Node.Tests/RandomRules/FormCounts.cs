using System.Text;
using System.Text.RegularExpressions;

namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>Counts in how many rules each form of a match or statement was written, and how many packets took a rule that has it.</summary>
/// <param name="forms">A regular expression for each form, which finds it in typed rules and in listings.</param>
internal sealed class FormCounts(IReadOnlyList<string> forms)
{
    private readonly Regex[] _patterns = [.. forms.Select(static form => new Regex(form, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)))];
    private readonly int[] _written = new int[forms.Count];
    private readonly int[] _taken = new int[forms.Count];
    private readonly Dictionary<string, int[]> _ofRules = new(StringComparer.Ordinal);

    /// <summary>Forms that no rule has.</summary>
    public IEnumerable<string> NotWritten => forms.Where((_, index) => _written[index] == 0);

    /// <summary>Forms whose rules no packet took.</summary>
    public IEnumerable<string> NotTaken => forms.Where((_, index) => _taken[index] == 0);

    /// <summary>Counts the rules of a text.</summary>
    public void AddWritten(string text)
    {
        foreach (string line in text.Split('\n'))
        {
            foreach (int form in FormsOf(line))
            {
                _written[form]++;
            }
        }
    }

    /// <summary>Counts the rules that a packet took.</summary>
    public void AddTaken(IEnumerable<string> rules)
    {
        foreach (int form in rules.SelectMany(FormsOf).Distinct())
        {
            _taken[form]++;
        }
    }

    /// <summary>A line for each form.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        for (int form = 0; form < forms.Count; form++)
        {
            text.AppendLine($"{_written[form],6} rules {_taken[form],6} packets  {forms[form]}");
        }

        return text.ToString();
    }

    private int[] FormsOf(string rule)
    {
        if (!_ofRules.TryGetValue(rule, out int[]? found))
        {
            found = [.. Enumerable.Range(0, forms.Count).Where(form => _patterns[form].IsMatch(rule))];
            _ofRules.Add(rule, found);
        }

        return found;
    }
}
