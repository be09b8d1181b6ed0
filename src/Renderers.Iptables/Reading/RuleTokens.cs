using System.Text;

namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <summary>Splits a line of iptables-save into tokens, and resolves quotes and escapes.</summary>
internal static class RuleTokens
{
    public static List<string> Split(string line)
    {
        List<string> tokens = [];
        StringBuilder token = new();
        bool isQuoted = false;
        bool isStarted = false;
        for (int index = 0; index < line.Length; index++)
        {
            char character = line[index];
            if (character == '\\' && index + 1 < line.Length)
            {
                token.Append(line[++index]);
                isStarted = true;
            }
            else if (character == '"')
            {
                isQuoted = !isQuoted;
                isStarted = true;
            }
            else if (character == ' ' && !isQuoted)
            {
                if (isStarted)
                {
                    tokens.Add(token.ToString());
                }

                token.Clear();
                isStarted = false;
            }
            else
            {
                token.Append(character);
                isStarted = true;
            }
        }

        if (isStarted)
        {
            tokens.Add(token.ToString());
        }

        return tokens;
    }
}
